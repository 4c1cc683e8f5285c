"""What can be wrong with a record: a named breakage, and the reason that the quarantine must give for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from producers.generators.drawing import Record

# Where a record is written to: a CSV file, a log in Combined format, a JSON array, JSON Lines, a topic.
TARGETS = ("csv", "log", "array", "lines", "topic")
JSON = ("array", "lines", "topic")


@dataclass(frozen=True)
class Breakage:
    """A way to break a record.

    `reason` is the rule that must be among the record's reasons in quarantine. It is used only where `field` (None:
    any) is in the layout and the target is among `targets`. `spoil` gets the good record, the good record before it
    and a running number to vary by, and returns the bad record. `garble` gets the encoded record and the columns of
    the layout, and returns other bytes, or None for a message without a value.
    """

    name: str
    reason: str
    field: str | None = None
    targets: tuple[str, ...] = TARGETS
    spoil: Callable[[Record, Record, int], Record] | None = None
    garble: Callable[[bytes, Sequence[str]], bytes | None] | None = None
    repeats: bool = False

    def fits(self, target: str, columns: Sequence[str]) -> bool:
        """Tell whether a record of these columns can be broken in this way where it is written to."""
        return target in self.targets and (self.field is None or self.field in columns)


def wrong(name: str, reason: str, field: str, *values: str | int | float | bool) -> Breakage:
    """Return a breakage that puts one of some bad values into a field."""
    return Breakage(name, reason, field, spoil=lambda r, _, n: {**r, field: values[n % len(values)]})


def changed(name: str, reason: str, field: str, change: Callable[[Record], Record]) -> Breakage:
    """Return a breakage that replaces fields by values computed from the good record."""
    return Breakage(name, reason, field, spoil=lambda r, _, __: {**r, **change(r)})


def absent(field: str, targets: tuple[str, ...] = TARGETS) -> Breakage:
    """Return a breakage that leaves a required field out: no key in JSON, nothing between the separators in CSV."""
    return Breakage(f"{field}_missing", "required", field, targets, lambda r, _, __: {**r, field: None})


def again(key: str) -> Breakage:
    """Return a breakage that gives the record before once more."""
    return Breakage("same_record_again", "duplicate", key, spoil=lambda _, before, __: dict(before), repeats=True)


def contradiction(key: str, change: Callable[[Record], Record]) -> Breakage:
    """Return a breakage that gives the record before once more, with other content under the same key."""
    return Breakage(
        "same_key_other_content",
        "conflict",
        key,
        spoil=lambda _, before, __: {**before, **change(before)},
        repeats=True,
    )


def garbled(name: str, reason: str, targets: tuple[str, ...], garble: Callable[[bytes], bytes | None]) -> Breakage:
    """Return a breakage of the encoded bytes."""
    return Breakage(name, reason, None, targets, garble=lambda raw, _: garble(raw))


CSV_BREAKAGES = (
    garbled("field_too_few", "few_fields", ("csv",), lambda raw: raw.rpartition(b",")[0]),
    garbled("field_too_many", "many_fields", ("csv",), lambda raw: raw + b",surplus"),
    Breakage("header_again", "repeated_header", None, ("csv",), garble=lambda _, columns: ",".join(columns).encode()),
)

JSON_BREAKAGES = (
    garbled("brace_never_closed", "syntax", JSON, lambda raw: raw[:-1]),
    garbled("comma_before_brace", "syntax", JSON, lambda raw: raw[:-1] + b",}"),
    garbled("single_quotes", "syntax", JSON, lambda raw: raw.replace(b"'", b" ").replace(b'"', b"'")),
    garbled("number_for_object", "not_object", JSON, lambda _: b"42"),
    garbled("text_after_object", "trailing_data", ("lines", "topic"), lambda raw: raw + b" garbage"),
    garbled("array_for_object", "not_object", ("topic",), lambda raw: b"[" + raw + b"]"),
    garbled("no_value", "tombstone", ("topic",), lambda _: None),
    garbled("empty_value", "empty", ("topic",), lambda _: b""),
    garbled("schema_registry_format", "encoding", ("topic",), lambda raw: b"\x00\x00\x00\x00\xff" + raw),
)
