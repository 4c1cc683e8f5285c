"""Random values for the columns of the generated filters, and random literals that fit them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

TEXTS = (
    "a",
    "A",
    "ab",
    "abc",
    "aXc",
    "",
    "100%",
    "a_c",
    "it's",
    "é",
    "É",
    "日本",
    "a\nb",
    "back\\slash",
    "[a]",
    ".*",
    "!",
)
START = datetime(2024, 1, 1, tzinfo=UTC)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(rng: Random) -> tuple[str, object]:
    text = rng.choice((*TEXTS, "few_fields", "few_fields,overflow"))
    return quoted(text), text


def _number(rng: Random) -> tuple[str, object]:
    text = rng.choice(
        (str(rng.randint(-3, 12)), f"{rng.randint(-3, 12)}.5", "2.000", "1e1", "0.25", "-0", "99999999999")
    )
    return text, Decimal(text)


def _money(rng: Random) -> tuple[str, object]:
    text = rng.choice(
        (str(rng.randint(-2, 5)), f"{rng.randint(-2, 4)}.{rng.randint(0, 9999)}", "1e30", "-1e30", "1.005")
    )
    return text, Decimal(text)


def _ratio(rng: Random) -> tuple[str, object]:
    text = rng.choice(("0", "0.1", "0.25", "1e-3", "-1", "2.5"))
    return text, float(text)


def _day(rng: Random) -> tuple[str, object]:
    day = (START + timedelta(days=rng.randint(-2, 12))).date()
    return (_time(rng)) if rng.random() < 0.3 else (f"{rng.choice(('DATE ', 'date ', ''))}'{day}'", day)


def _time(rng: Random) -> tuple[str, object]:
    moment = START + timedelta(hours=rng.randint(-24, 240) // 6 * 6, microseconds=rng.choice((0, 0, 1, 500_000)))
    zone = rng.choice(("", "Z", "+00:00"))
    return f"{rng.choice(('TIMESTAMP ', ''))}'{moment.replace(tzinfo=None).isoformat(rng.choice(' T'))}{zone}'", moment


def _flag(rng: Random) -> tuple[str, object]:
    truth = rng.random() < 0.5
    return str(truth).lower(), truth


LITERALS: dict[str, Callable[[Random], tuple[str, object]]] = {
    "product": _text,
    "payment_method": _text,
    "quantity": _number,
    "position": _number,
    "amount": _money,
    "ctr": _ratio,
    "start_date": _day,
    "time": _time,
    "is_new": _flag,
    "reasons": _text,
}
VALUES: dict[str, Callable[[Random], object]] = {
    "product": lambda rng: rng.choice(TEXTS),
    "payment_method": lambda rng: rng.choice(TEXTS),
    "quantity": lambda rng: rng.randint(-3, 12),
    "position": lambda rng: rng.choice((rng.randint(-3, 12), 99_999_999_999, 2**53 + 1)),
    "amount": lambda rng: Decimal(rng.choice((rng.randint(-200, 500), 10**13))) / 100,
    "ctr": lambda rng: rng.choice((0.0, 0.1, 0.25, 0.001, -1.0, 2.5, 3.0)),
    "start_date": lambda rng: (START + timedelta(days=rng.randint(-1, 11))).date(),
    "time": lambda rng: START + timedelta(hours=rng.randint(-24, 240) // 6 * 6, microseconds=rng.choice((0, 1))),
    "is_new": lambda rng: rng.random() < 0.5,
    "reasons": lambda rng: rng.choice(([], ["few_fields"], ["few_fields", "overflow"], ["a"])),
}
