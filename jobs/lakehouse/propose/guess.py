"""The type of a field from its texts: the first one by which judging reads nearly all of them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import polars as pl

from lakehouse.judging.types import DECIMAL, EPOCH, convert, with_point

# Of so many texts one may be no value of the type: a sample is as dirty as what comes later.
TOLERATED = 20
NESTED = "arrays and objects are kept as the text of their JSON"
# Numbers as people read them.
_FOR_PEOPLE = r"^[+-]?\p{Sc}? ?[+-]?[0-9]{1,3}([.,' ]?[0-9]{3})*([.,][0-9]+)? ?(\p{Sc}|%|[A-Z]{3})?$"
# Texts by which a type is passed over before all are tried.
_FEW = 200

_DAYS = (
    "%d.%m.%Y", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%y", "%d/%m/%y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d",
    "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y",
)  # fmt: skip
_CLOCKS = (" %H:%M", " %H:%M:%S", ", %H:%M", ", %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_TIMES = (
    "log", "%a, %d %b %Y %H:%M:%S %z", *(day + clock for day, clock in product(_DAYS, _CLOCKS)),
)  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """A type, with how its texts are written, and what a person should look at."""

    type: str = "string"
    formats: tuple[str, ...] = ()
    decimal_comma: bool = False
    doubt: str = ""


# Digits that count from 1970, where a field's name is that of a time.
_SINCE_1970 = Guess("timestamp", ("epoch",), doubt="its numbers are taken for seconds or milliseconds since 1970")


def guess(texts: pl.Series, *, is_identifier: bool = False, is_time: bool = False, has_commas: bool = False) -> Guess:
    """Return the type of the texts, none of them null, of a field whose name is an identifier's, or a time's.

    `has_commas` says that the file's numbers have decimal commas.
    """
    if is_time and not texts.is_empty() and texts.str.contains(EPOCH).all():
        return _SINCE_1970
    if texts.is_empty() or (is_identifier and not texts.str.contains(r"[/.: T-]").all()):
        return Guess()
    if texts.str.contains(r"^[\[{]").all():
        return Guess(doubt=NESTED)
    shares: dict[Guess, float] = {}
    for candidate in _candidates(texts, has_commas=has_commas):
        shares[candidate] = _share(texts, candidate)
        # A form is tried where nothing without one reads all texts: there are a hundred, and some files have wide rows.
        if shares[candidate] == 1 and not candidate.formats:
            return candidate
    best = max(shares.values())
    if round((1 - best) * len(texts)) > max(len(texts) // TOLERATED, len(texts) >= 8):
        is_number = texts.str.contains(_FOR_PEOPLE).sum() * TOLERATED > len(texts) * (TOLERATED - 1)
        doubt = "numbers with a currency, a unit or a mark between thousands are kept as text" if is_number else ""
        return Guess(doubt=doubt)
    return _doubted([candidate for candidate, share in shares.items() if share == best], day_first=has_commas)


def has_decimal_comma(texts: pl.Series) -> bool:
    """Return whether the texts are numbers by their decimal commas alone, which no comma between thousands is."""
    if not texts.str.contains(r",[0-9]{1,2}$|,[0-9]{4,}$|\.[0-9]{3},").any():
        return False
    return _share(texts, Guess("double", decimal_comma=True)) > 1 - 1 / TOLERATED


def _candidates(texts: pl.Series, *, has_commas: bool) -> Iterator[Guess]:
    yield Guess("boolean")
    if not texts.str.contains("^[+-]?0[0-9]").any():  # leading zeros are no number's
        for comma in (True, False) if has_commas else (False,):
            plain = _plain(texts) if comma else texts
            yield from (Guess(kind, decimal_comma=comma) for kind in _numbers(plain))
    yield from (Guess("date"), Guess("timestamp"))
    yield from (Guess("date", (form,)) for form in _DAYS)
    yield from (Guess("timestamp", (form,)) for form in _TIMES)


def _numbers(texts: pl.Series) -> Iterator[str]:
    yield "bigint"
    parts = texts.filter(texts.str.contains(DECIMAL)).str.strip_chars_start("+-").str.split(".")
    whole = int(parts.list.first().str.len_bytes().max() or 0)  # type: ignore[arg-type]
    scale = int(parts.list.get(1, null_on_oob=True).str.len_bytes().max() or 0)  # type: ignore[arg-type]
    if 0 < scale <= 6:
        scale = max(scale, 2)
        yield f"decimal({min(38, max(14, whole + scale + 4))},{scale})"
    elif 18 < whole <= 38 and not scale:
        yield f"decimal({min(38, whole + 4)},0)"
    yield "double"


def values(texts: pl.Series, found: Guess) -> pl.Series:
    """Return the texts as judging reads them by a guess, null where one is no value of its type."""
    return convert(_plain(texts) if found.decimal_comma else texts, found.type, found.formats)


def _plain(texts: pl.Series) -> pl.Series:
    return pl.select(with_point(pl.lit(texts))).to_series()


def _share(texts: pl.Series, candidate: Guess) -> float:
    """Return which part of the texts judging reads as the candidate."""
    for some in (texts.head(_FEW), texts):
        share = 1 - values(some, candidate).null_count() / len(some)
        if share < 0.5:
            return 0.0
    return share


def _doubted(found: Sequence[Guess], *, day_first: bool) -> Guess:
    """Return the first guess; of two forms that differ in where the month is, one with the other as its doubt."""
    first = found[0]
    swapped = {"%m": "%d", "%d": "%m"}
    turned = tuple(re.sub("%[dm]", lambda match: swapped[match[0]], form) for form in first.formats)
    for other in found[1:]:
        if first.formats and other.formats == turned:
            chosen, rest = (other, first) if day_first and other.formats[0].startswith("%d") else (first, other)
            return Guess(
                chosen.type, chosen.formats, doubt=f"{rest.formats[0]} fits too: is the day or the month first?"
            )
    return first
