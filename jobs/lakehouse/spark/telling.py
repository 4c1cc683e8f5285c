"""What a new verdict would change, in lines for a terminal."""

from collections.abc import Sequence
from typing import Any

from lakehouse.lake.printing import plain, safe
from lakehouse.model import Metric
from lakehouse.reasons import sentence
from lakehouse.spark.rejudging import Move

# Characters of a record, and of a group's name, that are shown.
_SHOWN = 80


def moves(dataset: str, records: int, found: Sequence[Move]) -> list[str]:
    """Return a line for each kind of move, with what its reasons mean and samples of its records."""
    lines = [f"{dataset}: {records:,} records judged again{'' if found else ', nothing changes'}"]
    for move in found:
        lines.append(f"{move.records:>12,}  {_change(move)}")
        lines += [f"{'':14}{_sample(*sample)}" for sample in move.samples]
    return lines


def _change(move: Move) -> str:
    if not move.before and not move.after:
        return "stay good, with other values"
    if not move.after:
        return f"{', '.join(move.before)} -> good"
    means = " ".join(sentence(name) for name in move.after)
    return f"{', '.join(move.before) or 'good'} -> {', '.join(move.after)}  {means}"


def _sample(source: str, position: int, raw: bytes | None) -> str:
    return f"{safe(source)} {position}{'' if raw is None else f': {_cut(plain(raw))}'}"


def _cut(text: str) -> str:
    shown = safe(text)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def groups(metric: Metric, count: int, changed: Sequence[dict[str, Any]]) -> list[str]:
    """Return the changed groups of a metric, a line each, and how many there are beside those."""
    if not count:
        return [f"gold.{metric.name}: nothing changes"]
    key, *values = (column.name for column in metric.columns)
    lines = [f"gold.{metric.name}: {count:,} {'group changes' if count == 1 else 'groups change'}"]
    for group in changed:
        pairs = (f"{name} {_value(group[name][0])} -> {_value(group[name][1])}" for name in values)
        lines.append(f"{'':14}{_cut(plain(group[key]))}: {', '.join(pairs)}")
    return [*lines, *([f"{'':14}and {count - len(changed):,} more"] if count > len(changed) else [])]


def _value(value: object) -> str:
    return "none" if value is None else plain(value)
