"""What records have beside what their dataset declares, what they lack of it, and of which kind its fields' values are.

Nothing of a record's content is kept but the names of fields: each sighting has a record's place for its example, whose
bytes `make trace` shows to those who may see them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from lakehouse.model import Dataset

# The fields that a dataset does not declare which are told apart, and the characters of a name that are kept.
MOST, MOST_NAME = 64, 64
# With fewer records nothing is said of a field that none of them has: one that few records have would come and go.
FEW = 100

# The kinds of a JSON value, by the byte that it begins with.
JSON_KINDS = {
    **dict.fromkeys(b"-0123456789", "number"),
    **dict.fromkeys(b"tf", "boolean"),
    **{b'"'[0]: "string", b"{"[0]: "object", b"["[0]: "array", b"n"[0]: "null"},
}
# What else there is to see of a field: it is named in a CSV header or is not, and a JSON record is without it.
COLUMN, NO_COLUMN, NO_VALUE = "column", "no column", "no value"
_ABSENT, _NO_KIND = frozenset((NO_COLUMN, NO_VALUE)), frozenset((COLUMN, "null"))
# Stands among the kinds of a field that were seen before where it was missing when it was last told of.
MISSING = "missing"

# A record: its source, source_id and position. By field and kind the first one where that was seen.
Place = tuple[str, str, int]
_PLACE = ("source", "source_id", "position")
Seen = dict[str, dict[str, Place]]
# By field the kinds that were seen so far.
Known = Mapping[str, tuple[str, ...]]


class Sightings:
    """What is seen of the fields of a batch of bronze rows, declared ones by their name `source`."""

    def __init__(self, batch: pa.RecordBatch, dataset: Dataset) -> None:
        self._batch, self._declared = batch, frozenset(field.source for field in dataset.all_fields)
        self.seen: Seen = {}

    def add(self, name: str, kind: str, row: int) -> None:
        """Note that a row has a field of a kind, if it is the first one."""
        kinds = self.seen.setdefault(name if name in self._declared else name[:MOST_NAME], {})
        if kind not in kinds:
            source, source_id, position = (self._batch[name][row].as_py() for name in _PLACE)
            kinds[kind] = (source, source_id, position)


def union(one: Seen, other: Seen, declared: Iterable[str]) -> Seen:
    """Return what was seen in two batches; of one batch twice it is what was seen once.

    Of the fields that are not declared the first MOST are kept, by name.
    """
    names = {*one, *other}
    kept = names.intersection(declared)
    both: Seen = {}
    for name in sorted(kept) + sorted(names - kept)[:MOST]:
        first, second = one.get(name, {}), other.get(name, {})
        both[name] = {kind: min(p for s in (first, second) if (p := s.get(kind))) for kind in {**first, **second}}
    return both


@dataclass(frozen=True)
class Change:
    """A field that is `new` (seen for the first time, and not declared), `missing`, or `changed` (of a kind not seen).

    `kind` is what it is now, `before` are the kinds it had; `example` is a record where that is so.
    """

    field: str
    change: str
    kind: str
    before: tuple[str, ...]
    example: Place

    def __str__(self) -> str:
        """Return the change as a sentence."""
        source, _, position = self.example
        was = f"it was {', '.join(self.before)}"
        what = {
            "new": f"has a field that is not declared: {self.field or 'one without a name'} ({self.kind})",
            "missing": f"has no {self.field} any more; {was}",
            "changed": f"has {self.field} as {self.kind}; {was}",
        }
        return f"{what[self.change]}. An example is {source} {position}"


def compare(dataset: Dataset, known: Known, seen: Seen, records: int) -> tuple[list[Change], Known]:
    """Return what a run of so many records has seen that was not known, and what is known afterwards.

    A declared field is missing where it was there before and a CSV header is without it, or no record has it. That is
    told once, until a run has it in all of its records.
    """
    declared, found_names = {field.source for field in dataset.all_fields}, {column.field for column in dataset.found}
    # A field that was declared meanwhile by an alias is no longer told apart.
    after = {name: kinds for name, kinds in known.items() if name in declared or name not in dataset.names}
    room = MOST - sum(name not in declared for name in after)
    changes: list[Change] = []
    for name, kinds in sorted(seen.items()):
        before = after.get(name, ())
        if not before and name not in declared:
            room -= 1
            if room < 0:
                continue
        # A column that silver got by itself is one of the table, and its field new to a dataset that never saw it.
        is_own = name in declared and bool(before or name not in found_names)
        now, found = _look(name, kinds, before, is_declared=is_own, is_few=records < FEW)
        changes += found
        if now:
            after[name] = now
    return changes, after


def _look(
    name: str, kinds: Mapping[str, Place], before: tuple[str, ...], *, is_declared: bool, is_few: bool
) -> tuple[tuple[str, ...], list[Change]]:
    """Return the kinds of a field that are known now, and what is to be told of it."""
    there = [kind for kind in kinds if kind not in _ABSENT]
    had = tuple(kind for kind in before if kind != MISSING)
    now = dict.fromkeys([*before, *there])
    # CSV has no kinds, and null may stand for any: what is told is that others of JSON are there than were.
    others = [kind for kind in had if kind not in _NO_KIND]
    changes = [
        Change(name, "changed", kind, tuple(others), kinds[kind])
        for kind in there
        if others and kind not in (*others, *_NO_KIND)
    ]
    if not had and not is_declared:
        changes = [Change(name, "new", ", ".join(there), (), min(kinds.values()))]
    elif had and is_declared:
        lacking = kinds.get(NO_COLUMN) or (None if there or is_few else kinds.get(NO_VALUE))
        if lacking and MISSING not in before:
            changes.append(Change(name, "missing", MISSING, had, lacking))
        if lacking:
            now[MISSING] = None
        elif not _ABSENT.intersection(kinds):
            now.pop(MISSING, None)
    return tuple(now), changes


def undeclared(dataset: Dataset, known: Known) -> dict[str, tuple[str, ...]]:
    """Return the fields with their kinds that records have and the dataset does not declare."""
    return {name: kinds for name, kinds in known.items() if name not in dataset.names}


def missing(dataset: Dataset, known: Known) -> list[str]:
    """Return the declared fields that were missing when they were last told of."""
    return [field.source for field in dataset.all_fields if MISSING in known.get(field.source, ())]
