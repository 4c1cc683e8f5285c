"""The columns that judging adds to a frame of records while it works on it, and what rules say of them.

`line` is the record as text, `problem` the name of what is wrong with its structure (null where it is sound), and
`text_<name>` the text that became the silver column `name`: blanks around it taken off, null where nothing is left.
"""

import polars as pl

BLANKS = " \t\r\n"


def text_name(name: str) -> str:
    """Return the name of the column that holds a field's text; `name` is the field's at its source or in silver."""
    return f"text_{name}"


def clean(text: pl.Expr) -> pl.Expr:
    """Return the text without blanks around it, null where nothing is left."""
    bare = text.str.strip_chars(BLANKS)
    return pl.when(bare != "").then(bare)
