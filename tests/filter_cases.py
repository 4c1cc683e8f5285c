"""Random filters with an evaluator of its own: plain Python over dictionaries, knowing nothing of Arrow or sqlglot."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from random import Random

import pyarrow as pa
from filter_values import LITERALS, VALUES, quoted

SCHEMA = pa.schema(
    [
        ("product", pa.string()),
        ("payment_method", pa.string()),
        ("quantity", pa.int32()),
        ("position", pa.int64()),
        ("amount", pa.decimal128(14, 2)),
        ("ctr", pa.float64()),
        ("start_date", pa.date32()),
        ("time", pa.timestamp("us", "UTC")),
        ("is_new", pa.bool_()),
        ("reasons", pa.list_(pa.string())),
    ]
)
Row = dict[str, object]
Truth = bool | None


@dataclass(frozen=True)
class Case:
    """A condition as text, and whether a row fulfils it (None is unknown)."""

    text: str
    truth: Callable[[Row], Truth]


def rows(count: int, seed: int = 7) -> list[Row]:
    rng = Random(seed)
    return [{name: None if rng.random() < 0.15 else VALUES[name](rng) for name in SCHEMA.names} for _ in range(count)]


def case(rng: Random, depth: int = 3) -> Case:
    shape = rng.random()
    if depth == 0 or shape < 0.35:
        return leaf(rng)
    if shape < 0.55:
        inner = case(rng, depth - 1)
        return Case(f"NOT ({inner.text})", lambda row: negated(inner.truth(row)))
    left, right = case(rng, depth - 1), case(rng, depth - 1)
    if shape < 0.78:
        return Case(f"({left.text}) AND ({right.text})", lambda row: both(left.truth(row), right.truth(row)))
    return Case(f"({left.text}) or ({right.text})", lambda row: either(left.truth(row), right.truth(row)))


def leaf(rng: Random) -> Case:
    return rng.choice((comparison, comparison, comparison, reversed_, null, member, between, like, two_columns))(rng)


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def both(a: Truth, b: Truth) -> Truth:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True


def either(a: Truth, b: Truth) -> Truth:
    return negated(both(negated(a), negated(b)))


def holds(op: str, a: object, b: object) -> Truth:
    if a is None or b is None:
        return None
    if isinstance(a, date) and not isinstance(a, datetime):
        a = datetime(a.year, a.month, a.day, tzinfo=UTC)
    if isinstance(b, date) and not isinstance(b, datetime):
        b = datetime(b.year, b.month, b.day, tzinfo=UTC)
    results = {"=": a == b, "<>": a != b, "!=": a != b}
    return results[op] if op in results else eval(f"a {op} b", {"a": a, "b": b})


def value(row: Row, name: str) -> object:
    found = row[name]
    return ",".join(found) if isinstance(found, list) else found


def pick(rng: Random) -> tuple[str, str, object]:
    """Return a column, a literal that fits it as SQL text, and the literal's value."""
    name = rng.choice(SCHEMA.names)
    text, literal = LITERALS[name](rng)
    return name, text, literal


def operator(rng: Random, name: str) -> str:
    return rng.choice(("=", "<>", "!=") if name == "is_new" else ("=", "<>", "!=", "<", "<=", ">", ">="))


def comparison(rng: Random) -> Case:
    name, text, literal = pick(rng)
    op = operator(rng, name)
    return Case(f"{spelled(rng, name)} {op} {text}", lambda row: holds(op, value(row, name), literal))


def reversed_(rng: Random) -> Case:
    name, text, literal = pick(rng)
    op = operator(rng, name)
    return Case(f"{text} {op} {name}", lambda row: holds(op, literal, value(row, name)))


def null(rng: Random) -> Case:
    name, is_not = rng.choice(SCHEMA.names), rng.random() < 0.5
    return Case(f"{name} IS {'NOT ' * is_not}NULL", lambda row: (row[name] is None) != is_not)


def member(rng: Random) -> Case:
    name = rng.choice(SCHEMA.names)
    items = [("NULL", None) if rng.random() < 0.1 else LITERALS[name](rng) for _ in range(rng.randint(1, 5))]
    is_not = rng.random() < 0.5

    def truth(row: Row) -> Truth:
        found: Truth = False
        for _, literal in items:
            found = either(found, holds("=", value(row, name), literal))
        return negated(found) if is_not else found

    return Case(f"{name} {'not ' * is_not}IN ({', '.join(text for text, _ in items)})", truth)


def between(rng: Random) -> Case:
    name = rng.choice([n for n in SCHEMA.names if n != "is_new"])
    (low_text, low), (high_text, high) = LITERALS[name](rng), LITERALS[name](rng)
    is_not = rng.random() < 0.5

    def truth(row: Row) -> Truth:
        inside = both(holds(">=", value(row, name), low), holds("<=", value(row, name), high))
        return negated(inside) if is_not else inside

    return Case(f"{name} {'NOT ' * is_not}BETWEEN {low_text} AND {high_text}", truth)


def like(rng: Random) -> Case:
    name = rng.choice(("product", "payment_method", "reasons"))
    escape, is_not, is_blind = rng.choice((None, "!", "\\", "a")), rng.random() < 0.5, rng.random() < 0.3
    parts: list[tuple[str, str]] = []
    for _ in range(rng.randint(0, 4)):
        kind = rng.random()
        if kind < 0.3:
            parts.append(("%", ".*"))
        elif kind < 0.5:
            parts.append(("_", "."))
        elif kind < 0.65 and escape:
            plain = rng.choice(("%", "_", escape))
            parts.append((escape + plain, re.escape(plain)))
        else:
            plain = rng.choice([c for c in "abcX1éÉ日'[.*\\" if c != escape])
            parts.append((plain, re.escape(plain)))
    wanted = re.compile("".join(r for _, r in parts), re.DOTALL | (re.IGNORECASE if is_blind else re.NOFLAG))
    pattern = quoted("".join(p for p, _ in parts)) + (f" ESCAPE {quoted(escape)}" if escape else "")

    def truth(row: Row) -> Truth:
        text = value(row, name)
        matches = None if text is None else wanted.fullmatch(str(text)) is not None
        return negated(matches) if is_not else matches

    return Case(f"{name} {'NOT ' * is_not}{'ILIKE' if is_blind else 'LIKE'} {pattern}", truth)


PAIRS = (
    ("quantity", "position"),
    ("position", "amount"),
    ("amount", "quantity"),
    ("quantity", "ctr"),
    ("ctr", "position"),
    ("start_date", "time"),
    ("time", "start_date"),
    ("product", "payment_method"),
    ("product", "reasons"),
)


def two_columns(rng: Random) -> Case:
    left, right = rng.choice(PAIRS)
    op = operator(rng, left)
    return Case(f"{left} {op} {right}", lambda row: holds(op, value(row, left), value(row, right)))


def spelled(rng: Random, name: str) -> str:
    return rng.choice((name, name.upper(), f'"{name}"'))
