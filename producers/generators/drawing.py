"""Fast, repeatable draws: everything comes from `Random.random`, the one method whose sequence Python guarantees."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

# A source of floats in [0, 1), and a record with its fields in order.
Rng = Callable[[], float]
Record = dict[str, str | int | float | Decimal | bool | None]
Draw = Callable[[Rng, str], Record]

# The day that simulated data ends with. A constant, because the clock would give other bytes tomorrow.
LAST_DAY = date(2025, 12, 31)

# How busy an hour and a day of the week are.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 12, 11, 10, 10, 10, 11, 12, 13, 13, 11, 8, 4)
_WEEKDAYS = (4, 4, 4, 5, 6, 7, 6)


def pick(rng: Rng, pool: Sequence[T]) -> T:
    """Return one of a pool's items, each as likely as the others."""
    return pool[int(rng() * len(pool))]


def between(rng: Rng, low: int, high: int) -> int:
    """Return a whole number from `low` to `high`, both included."""
    return low + int(rng() * (high - low + 1))


def wheel(weights: Iterable[tuple[T, int]]) -> tuple[T, ...]:
    """Return a pool in which each item stands as often as its weight says."""
    return tuple(item for item, weight in weights for _ in range(weight))


def money(cents: int) -> Decimal:
    """Return an amount of cents as a decimal with two places."""
    return Decimal(cents).scaleb(-2)


def identifier(*parts: object) -> str:
    """Return a UUID-like text that is always the same for the same parts, and another one for any others."""
    text = blake2b(":".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


_DAYS = wheel(
    (day.isoformat(), _WEEKDAYS[day.weekday()] + (3 if day.month == 12 else 0))
    for day in (LAST_DAY - timedelta(days=n) for n in range(364, -1, -1))
)
_MINUTES = wheel((f"{hour:02d}:{minute:02d}", weight) for hour, weight in enumerate(_HOURS) for minute in range(60))
_SECONDS = tuple(f"{second:02d}" for second in range(60))


def moment(rng: Rng, separator: str = " ") -> str:
    """Return a UTC time of the year that ends with LAST_DAY, as `yyyy-MM-dd HH:mm:ss` unless told another separator.

    Evenings, weekends and December are busier.
    """
    return f"{pick(rng, _DAYS)}{separator}{pick(rng, _MINUTES)}:{pick(rng, _SECONDS)}"
