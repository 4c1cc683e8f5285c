"""Raw bytes of a record -> its fields as text, by format, and what is wrong with its structure.

Each expensive step is a column of its own that later steps use more than once, which keeps Spark's optimizer from
merging the steps and parsing a record again for each of its fields.
"""

from collections.abc import Callable, Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.columns import trimmed
from lakehouse.formats import split_header
from lakehouse.model import Dataset
from lakehouse.records import MAX_RECORD

# univocity, the parser behind from_csv, ends the job at 20,480 columns: such a record is not given to it.
_MAX_COMMAS = 20_000
_MAX_DEPTH = 1_000
_CORRUPT = "_corrupt"
_END = "_end"

Transform = Callable[[DataFrame], DataFrame]


def text(name: str) -> Column:
    """Return the column that holds a silver column's value as text, as `with_text` makes it."""
    return F.col(f"text_{name}")


def with_text(df: DataFrame, dataset: Dataset, headers: Sequence[str], with_log: Transform | None) -> DataFrame:
    """Return bronze rows with `problem` and a column `text_<name>` for each silver column.

    `problem` is the name of what is wrong with the record's structure, or null. `headers` are the header lines that
    the dataset's CSV files have. `with_log` adds `log_problem` and `log_<name>` columns from `line` where the dataset
    knows the log format.
    """
    raw = df.withColumn("line", F.when(F.is_valid_utf8(F.col("raw")), F.col("raw").cast("string")))
    read = raw.withColumn("unreadable", _unreadable()).withColumns(
        {"json": F.when(_is("json"), _from_json(dataset))}
        | {f"csv{n}": F.when(_is("csv") & (F.col("header") == h), _from_csv(h)) for n, h in enumerate(headers)}
    )
    problems = [F.when(_is("json") & ~_is_one_object(), _json_problem())]
    sources = {f.column.name: [F.get("json", F.lit(0))[f.source]] for f in dataset.fields}
    for n, header in enumerate(headers):
        names = split_header(header)
        problems.append(F.when(_is("csv") & (F.col("header") == header), _csv_problem(F.col(f"csv{n}"), header)))
        for field in dataset.fields:
            if field.source in names:
                sources[field.column.name].append(F.col(f"csv{n}")[f"c{names.index(field.source)}"])
    if with_log is not None:
        read = read.transform(with_log)
        problems.append(F.when(_is("log"), F.col("log_problem")))
        for name, columns in sources.items():
            columns.append(F.when(_is("log"), F.col(f"log_{name}")))
    return read.select(
        *df.columns,
        F.coalesce("unreadable", *problems).alias("problem"),
        *(trimmed(F.coalesce(*columns)).alias(f"text_{name}") for name, columns in sources.items()),
    )


def _is(kind: str) -> Column:
    return F.col("unreadable").isNull() & (F.col("format") == kind)


def _unreadable() -> Column:
    """Return what is wrong with a record before its format matters, or null."""
    return (
        F.when(F.col("raw").isNull(), "tombstone")
        .when(F.col("is_cut") | (F.length("raw") > MAX_RECORD), "too_long")
        .when(F.col("line").isNull(), "encoding")
        .when(trimmed(F.col("line")).isNull(), "empty")
    )


def _from_json(dataset: Dataset) -> Column:
    """Return the elements of an array of the record and a mark of our own behind it.

    from_json ignores what follows a value; so anything but exactly one object before the mark shows.
    """
    fields = ", ".join(f"`{f.source}` string" for f in dataset.fields)
    wrapped = F.concat(F.lit("["), F.col("line"), F.lit(f',{{"{_END}":""}}]'))
    return F.from_json(wrapped, f"array<struct<{fields}, `{_END}` string>>", {"allowSingleQuotes": "false"})


def _is_one_object() -> Column:
    first, last = F.get("json", F.lit(0)), F.get("json", F.lit(1))
    is_one = (F.size("json") == 2) & first.isNotNull() & last[_END].isNotNull() & first[_END].isNull()
    return F.coalesce(is_one, F.lit(False))


def _json_problem() -> Column:
    """Return the name of what is wrong with a record that is not one JSON object."""
    start = F.substring(F.ltrim("line"), 1, 1)
    opened = F.length("line") - F.length(F.translate("line", "[{", ""))
    options = {"allowSingleQuotes": "false", "columnNameOfCorruptRecord": _CORRUPT}
    alone = F.from_json("line", f"`{_END}` string, {_CORRUPT} string", options)
    is_other = start.isin("[", '"', "-") | start.between("0", "9") | F.trim("line").isin("null", "true", "false")
    return (
        F.when(opened > _MAX_DEPTH, "depth")
        .when(is_other, "not_object")
        .when((start == "{") & alone[_CORRUPT].isNull(), "trailing_data")
        .otherwise("syntax")
    )


def _from_csv(header: str) -> Column:
    """Return the fields of a CSV record as c0, c1, … and `_corrupt`, null where it has far too many."""
    schema = ", ".join(f"c{n} string" for n in range(len(split_header(header))))
    options = {"escape": '"', "columnNameOfCorruptRecord": _CORRUPT}
    row = F.from_csv("line", F.lit(f"{schema}, {_CORRUPT} string"), options)
    return F.when((F.length("line") < _MAX_COMMAS) | (_occurrences(",", F.col("line")) < _MAX_COMMAS), row)


def _csv_problem(row: Column, header: str) -> Column:
    """Return the name of what is wrong with a CSV record's structure, or null."""
    expected = len(split_header(header))
    fields = _occurrences(",", F.regexp_replace("line", r'"[^"]*"', "")) + 1
    return (
        F.when(F.trim("line") == header, "repeated_header")
        .when(row.isNull(), "many_fields")
        .when(row[_CORRUPT].isNull(), F.lit(None))
        .when(_occurrences('"', F.col("line")) % 2 == 1, "unclosed_quote")
        .when(fields < expected, "few_fields")
        .when(fields > expected, "many_fields")
        .otherwise("syntax")
    )


def _occurrences(character: str, column: Column) -> Column:
    return F.length(column) - F.length(F.replace(column, F.lit(character), F.lit("")))
