"""Names of columns from names at a source, and what a name says about what is in it."""

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterable

import polars as pl
import sqlglot
from sqlglot import exp

from lakehouse.lake.evolution import TAKEN, column_name
from lakehouse.lake.schemas import silver
from lakehouse.model import Dataset
from lakehouse.query import questions

MOST = 40  # characters of a column's name

# A column of such a name has to be quoted in DataFusion, though not for sqlglot.
_QUOTED = {"exists", "top", "trim"}
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})

# What is in a field, by words of its plain name; the long ones are found inside of others too.
_IDENTIFIER = re.compile(
    r"nummer|number|(^|_)(\w*nr|ids?|uuid|guid|key|no|num|code|sku|ean|gtin|isbn|iban|ref|reference"
    r"|zip|zipcode|plz|post(al|code)|phone|tel|telefon)(_|$)"
)
_PERSON = re.compile(
    r"customer|client|(?<!se)kunde|benutzer|mitarbeiter|ansprechpartner|employee|patient|person|author|user|mail|adress|address"
    r"|street|strasse|anschrift|birth|geburt|phone|telefon|mobile|passport|surname|lastname|firstname|fullname"
    r"|forename|vorname|nachname|familienname"
    r"|(^|_)(contact|member|login|ip|iban|ssn|dob|tel|fax|handy|(first|last|full|middle|given|family|holder)_name)(_|$)"
)
# Of these a person's kind may be told, who it is not.
_KIND = re.compile(r"(^|_)(type|typ|segment|group|class|status|count|age|tier|agent)(_|$)")
_TIME = re.compile(r"(^|_)(time|timestamp|ts|date|datum|zeit|at|when|epoch|created|updated|modified)(_|$)")
# What is summed up before all others; what can be below zero; prices, rates and their like, whose sum says nothing.
_AMOUNT = re.compile(r"amount|total|revenue|sales|betrag|umsatz|summe|gesamt|budget|(^|_)(sum|value)(_|$)")
_QUANTITY = re.compile(r"quantity|menge|anzahl|clicks|impressions|(^|_)(qty|units|count)(_|$)")
_SIGNED = re.compile(r"latitude|longitude|temperat|profit|balance|saldo|(^|_)(lat|lon|lng|temp|change)(_|$)")
_NO_SUM = re.compile(
    r"price|preis|rabatt|discount|percent|prozent|rating|score|(^|_)(unit|rate|ratio|tax|year|month|day|jahr|monat|age)(_|$)"
)


def plain(name: str) -> str:
    """Return a name in lower case and ASCII with `_` between its words: `unit_price` for `UnitPrice`."""
    ascii_name = unicodedata.normalize("NFKD", name.translate(_GERMAN)).encode("ascii", "ignore").decode()
    return column_name(ascii_name)


def is_identifier(name: str) -> bool:
    """Return whether a name is that of an identifier, whose digits are no amount."""
    return bool(_IDENTIFIER.search(plain(name)))


def is_time(name: str) -> bool:
    """Return whether a name is that of a moment."""
    return bool(_TIME.search(plain(name)))


def is_personal(name: str) -> bool:
    """Return whether a name is that of a field which tells who a person is."""
    return bool(_PERSON.search(plain(name))) and not _KIND.search(plain(name))


def is_signed(name: str) -> bool:
    """Return whether a name is that of a number which may be below zero."""
    return bool(_SIGNED.search(plain(name)))


def worth_of_sum(name: str) -> int:
    """Return how likely a number of this name is an amount that is worth a sum: 3 to 0, where it is none."""
    found = plain(name)
    is_none = _NO_SUM.search(found) and not re.search("total|gesamt|summe", found)
    if is_none or _SIGNED.search(found) or _KIND.search(found) or is_identifier(name):
        return 0
    return 3 if _AMOUNT.search(found) else 2 if _QUANTITY.search(found) else 1


def column_names(dataset: str, sources: Iterable[str]) -> list[str]:
    """Return a column's name for each name at the source, all different, none of them one that silver or SQL takes."""
    empty = Dataset(dataset, "", (), (), None, None)
    taken = {column.name for column in silver(empty).columns} | TAKEN
    found: list[str] = []
    for number, source in enumerate(sources, start=1):
        found.append(_free(plain(source)[:MOST].strip("_") or f"column_{number}", {*taken, *found}))
    return found


def _free(name: str, taken: Collection[str]) -> str:
    # `text_` stands before the texts that judging works on; a metric may be grouped by the column.
    if name.startswith("text_") or name[0].isdigit() or name in questions.TAKEN or not _is_column(name):
        name = f"field_{name}"
    numbers = (f"{name}_{number}" for number in range(2, 10_000))
    return name if name not in taken else next(other for other in numbers if other not in taken)


def _is_column(name: str) -> bool:
    """Return whether a name stands for a column in SQL as it is: to Spark, DataFusion, the filters and the rules."""
    for dialect in ("spark", "postgres"):
        try:
            parsed = sqlglot.parse_one(f"SELECT {name}, sum({name}) FROM t WHERE NOT {name} < 1", read=dialect)
        except sqlglot.errors.SqlglotError:
            return False
        if [column.name for column in parsed.find_all(exp.Column)] != [name] * 3:
            return False
    try:
        return name not in _QUOTED and pl.sql_expr(f"{name} < 0").meta.root_names() == [name]
    except pl.exceptions.PolarsError:
        return False


def why_unfit(name: str) -> str:
    """Return why a dataset cannot have a name, an empty text where it can."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        return "lower-case letters, digits and _ are needed, a letter first, 40 at most: sales_2024"
    return "it is a word of Python or SQL" if keyword.iskeyword(name) or not _is_column(name) else ""
