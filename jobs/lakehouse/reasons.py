"""Why a record is in quarantine or a file was refused: every name with a sentence and with what to do.

A dataset's own reasons stand with its rules; `all_reasons` is the one list of them all, and docs/reasons.md its print.
"""

import sys
from dataclasses import dataclass

from lakehouse.datasets import DATASETS


@dataclass(frozen=True)
class Reason:
    """A reason by its name: what is wrong, in a sentence, and what to do about it. `of` is record or file."""

    name: str
    sentence: str
    remedy: str
    of: str = "record"


_SEND_AGAIN = "Mend it at the source and send it again."
_ESCAPE = "Escape or leave out such characters at the source, and send the record again."
_RECORDS = (
    (
        "tombstone",
        "The message has no value.",
        "Nothing to mend: the producer deleted a key. Send events with a value.",
    ),
    ("empty", "The record holds nothing but white space.", "Find out why the source writes empty records."),
    ("too_long", "The record is longer than 1 MiB; its first 64 KiB are kept.", "Split it at the source."),
    ("encoding", "The record, or the whole file or its header, is not UTF-8.", "Write the source in UTF-8."),
    ("syntax", "The record is not in the format of its file or topic.", _SEND_AGAIN),
    ("repeated_header", "The line repeats the header of its CSV file.", "Nothing to mend: it is no record."),
    ("few_fields", "The line has fewer fields than its header.", _SEND_AGAIN),
    ("many_fields", "The line has more fields than its header.", "Quote fields that hold a comma, and send it again."),
    (
        "unclosed_quote",
        "A quotation mark is opened and never closed.",
        "Close or double it, and send the record again.",
    ),
    ("trailing_data", "Something follows the JSON object.", "Write one object a line, and send the records again."),
    ("not_object", "The JSON value is no object.", "Send each record as one object with the fields of the dataset."),
    ("depth", "The JSON is nested deeper than 500 arrays and objects.", "Flatten it at the source."),
    ("bad_request_line", "The request is no `METHOD path protocol`.", "Mostly a scanner or TLS on the port of HTTP."),
    (
        "unknown_field",
        "The record, or the header of its file, has a field that its dataset does not declare, and is frozen.",
        "Declare the field in the dataset's file and run `make replay`, or leave it out at the source.",
    ),
    ("required", "A field that every record needs is missing or empty.", _SEND_AGAIN),
    ("control_char", "A text holds NUL or another control character.", _ESCAPE),
    (
        "date",
        "A date or time is in no form that is known, or does not exist.",
        "Write it as 2024-01-31T12:00:00Z, or add its form to the field's `formats`.",
    ),
    (
        "number_format",
        "A number is not written in plain digits with a point, or with a comma where its field has a `decimal_comma`.",
        "Write it as 1234.56, or give its field a `decimal_comma`.",
    ),
    ("boolean", "A value is neither `true` nor `false`.", "Write it so, or declare the column as a string."),
    ("scale", "A number has more decimals than its column.", "Round it at the source, and send the record again."),
    ("overflow", "A number is larger than its column.", "Look for a wrong unit at the source."),
    ("negative", "A number that cannot be below zero is.", _SEND_AGAIN),
    ("date_range", "A time is before 2000 or too far ahead.", "Set the clock of the source right, and send it again."),
    ("duplicate", "A record with the same key and content came before.", "Nothing to mend: it counts once."),
    (
        "conflict",
        "A record with the same key and other content came before.",
        "Decide which is right; the first counts.",
    ),
    (
        "superseded",
        "It was good until the row of its key in the database changed, was deleted, or was read anew.",
        "Nothing to mend: the last version counts. Its bytes are in bronze.",
    ),
    ("deleted", "The row was deleted in the database.", "Nothing to mend: what it ended counts no more."),
    (
        "no_key",
        "The row of a database has no business key, so that a change of it could not be told.",
        "Fill the key in the database; the change brings the row in.",
    ),
)
_FILES = (
    ("link", "The file is a link.", "Put the file itself into the inbox."),
    ("unreadable", "The file cannot be read.", "Give the user of the jobs the right to read it."),
    ("not_gzip", "The name ends in .gz, the content is not gzip.", "Rename it, or compress it."),
    ("gzip_name", "The content is gzip, the name does not end in .gz.", "Rename it to end in .gz."),
    ("truncated", "The gzip data ends early or is damaged.", "Copy the file again as a whole."),
    ("ratio", "It unpacks to over 1 GiB and a hundred times its size.", "Unpack it, and look at it, by hand."),
    ("no_header", "The first line of the CSV file names no column.", "Put the header back as the first line."),
    (
        "delimiter",
        "The columns are not separated as the dataset says, by default by commas.",
        "Export the file so, or name its `delimiter` in the dataset's file.",
    ),
    ("many_columns", "The header has more columns than can be read.", "Leave out columns at the source."),
    ("duplicate_column", "A column is there more than once.", "Leave one of them out."),
    (
        "missing_column",
        "A column that every record needs is missing.",
        "Name it in the header as the dataset does, or add its name to the field's `aliases`.",
    ),
)


def all_reasons() -> dict[str, Reason]:
    """Return every reason by its name, those of records first, as they are looked for."""
    common = [Reason(*words) for words in _RECORDS]
    rules = [rule for dataset in DATASETS.values() for rule in dataset.rules if rule.sentence]
    own = [Reason(rule.name, rule.sentence, rule.remedy) for rule in rules]
    files = [Reason(*words, of="file") for words in _FILES]
    return {reason.name: reason for reason in (*common, *own, *files)}


def sentence(name: str) -> str:
    """Return what a reason means, in a sentence; an unknown name, of a row judged by older rules, as it is."""
    reason = all_reasons().get(name)
    return reason.sentence if reason else name


def markdown() -> str:
    """Return docs/reasons.md: `PYTHONPATH=jobs python -m lakehouse.reasons > docs/reasons.md`."""
    lines = ["# Reasons", "", "Made by `PYTHONPATH=jobs python -m lakehouse.reasons`.", ""]
    for of, title in (("record", "Why a record is in quarantine"), ("file", "Why a file was refused")):
        lines += [f"## {title}", "", "| reason | what is wrong | what to do |", "|---|---|---|"]
        found = (reason for reason in all_reasons().values() if reason.of == of)
        lines += [f"| `{reason.name}` | {reason.sentence} | {reason.remedy} |" for reason in found]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown())
