"""The columns that judging adds to a frame of records while it works on it, and what rules say of them.

`line` is the record as text, `problem` the name of what is wrong with its structure (null where it is sound), and
`text(name)` the text that became the silver column `name`: blanks around it taken off, null where nothing is left.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

BLANKS = " \t\r\n"

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def text_name(name: str) -> str:
    """Return the name of the column that holds a field's text; `name` is the field's at its source or in silver."""
    return f"text_{name}"


def text(name: str) -> pl.Expr:
    """Return the text of a silver column as the record gives it."""
    return pl.col(text_name(name))


def clean(text: pl.Expr) -> pl.Expr:
    """Return the text without blanks around it, null where nothing is left."""
    bare = text.str.strip_chars(BLANKS)
    return pl.when(bare != "").then(bare)


def date_range(name: str, ahead: timedelta) -> pl.Expr:
    """Return whether the time `name` is before 2000 or more than `ahead` after `ingested_at`."""
    return (pl.col(name) < _EARLIEST) | (pl.col(name) > pl.col("ingested_at") + ahead)
