r"""Log lines -> the parts of a request as text, or what is wrong with a line.

Common and Combined log format (Apache HTTP Server, mod_log_config): `%h %l %u %t "%r" %>s %b` and, in Combined,
`"%{Referer}i" "%{User-agent}i"`. `\"` and `\\` stand for a quote and a backslash. A line is split at its quotes and
then at blanks, which is several times faster than one regular expression with groups.
"""

import re

import polars as pl

from lakehouse.judging.columns import BLANKS, text_name

# What the quotes cut a line into: 3 parts in Common, 7 in Combined format; the last one is there where it is neither.
_PARTS = tuple(f"part_{number}" for number in range(8))
_PART = re.compile(r'([^"\\]*+(?:\\.?[^"\\]*+)*+)("|\Z)', re.DOTALL)

_METHOD = "^[A-Z]+$"
_TARGET = "^[^ \t\n\x0b\f\r]+$"
_PROTOCOL = r"^HTTP/[0-9](\.[0-9])?$"


def parse_log(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `row`, `problem` and the text of each part of the requests in `line`, by the names of a logs dataset.

    `problem` is syntax where a line is in neither format, bad_request_line where the request is not a method, a target
    and perhaps a protocol. A dash for user, referer or agent is null, one for the bytes is 0.
    """
    parts = _split_quotes(rows)
    head = _split_blanks(parts["part_0"], "head", 6)
    request = _split_blanks(parts["part_1"], "request", 3)
    tail = _split_blanks(parts["part_2"].str.strip_chars(BLANKS), "tail", 3)
    whole = parts.hstack(head).hstack(request).hstack(tail)
    texts = {
        "IP_Address": pl.col("head_0"),
        "User": _without_dash("head_2"),
        "Timestamp": pl.col("head_3").str.slice(1) + " " + pl.col("head_4").str.strip_suffix("]"),
        "Method": pl.col("request_0"),
        "URL": pl.col("request_1"),
        "Protocol": pl.col("request_2"),
        "Status_Code": pl.col("tail_0"),
        "Bytes": pl.when(pl.col("tail_1") == "-").then(pl.lit("0")).otherwise("tail_1"),
        "Referer": _without_dash("part_3"),
        "Agent": _without_dash("part_5"),
    }
    return whole.select("row", _problem().alias("problem"), **{text_name(name): part for name, part in texts.items()})


def _split_quotes(rows: pl.DataFrame) -> pl.DataFrame:
    """Return `row` and the parts of each line; a line with a backslash is read exactly, one by one."""
    is_escaped = rows["line"].str.contains("\\", literal=True)
    plain, escaped = rows.filter(~is_escaped), rows.filter(is_escaped)
    split = plain["line"].str.splitn('"', len(_PARTS)).struct.unnest()
    split.columns = list(_PARTS)
    cut = pl.DataFrame([_cut(line) for line in escaped["line"]], dict.fromkeys(_PARTS, pl.String), orient="row")
    return pl.concat([split.insert_column(0, plain["row"]), cut.insert_column(0, escaped["row"])])


def _cut(line: str) -> list[str | None]:
    parts: list[str | None] = [None] * len(_PARTS)
    for number, match in zip(range(len(parts)), _PART.finditer(line), strict=False):
        parts[number] = _unescape(match[1])
        if not match[2]:
            break
    return parts


def _unescape(text: str) -> str:
    return "\\".join(piece.replace('\\"', '"') for piece in text.split("\\\\"))


def _split_blanks(text: pl.Series, name: str, size: int) -> pl.DataFrame:
    fields = text.str.splitn(" ", size).struct.unnest()
    fields.columns = [f"{name}_{number}" for number in range(size)]
    return fields


def _without_dash(name: str) -> pl.Expr:
    return pl.when(pl.col(name) != "-").then(pl.col(name))


def _problem() -> pl.Expr:
    is_common = pl.col("part_2").is_not_null() & pl.col("part_3").is_null()
    is_combined = (
        (pl.col("part_4") == " ") & (pl.col("part_6").str.strip_chars(BLANKS) == "") & pl.col("part_7").is_null()
    )
    has_head = (pl.col("head_5") == "") & pl.col("head_3").str.starts_with("[") & pl.col("head_4").str.ends_with("]")
    has_tail = pl.col("tail_1").is_not_null() & pl.col("tail_2").is_null()
    is_line = (is_common | is_combined) & has_head & has_tail
    protocol = pl.col("request_2")
    is_request = (
        pl.col("request_0").str.contains(_METHOD)
        & pl.col("request_1").str.contains(_TARGET)
        & (protocol.is_null() | protocol.str.contains(_PROTOCOL))
    )
    return (
        pl.when(~is_line.fill_null(False))
        .then(pl.lit("syntax"))
        .when(~is_request.fill_null(False))
        .then(pl.lit("bad_request_line"))
    )
