"""Bronze batches -> judged batches: parsed, typed, with the rules that each record breaks.

No record is ever dropped, and no bytes make it raise: as many rows come out as went in, in the same order.
"""

from collections.abc import Callable, Iterator

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.judging.columns import text_name
from lakehouse.judging.drift import Seen, Sightings
from lakehouse.judging.parse import parse
from lakehouse.judging.rules import find_reasons, type_rules
from lakehouse.judging.types import arrow_type, convert
from lakehouse.model import Dataset, Field

# So many bytes of records are worked on at a time, which bounds the memory beside the batch and its result.
SLICE_BYTES = 16 << 20

# What is handed on as it came.
IDENTITY = pa.schema(
    [
        ("batch", pa.int64()),
        ("source", pa.string()),
        ("source_id", pa.string()),
        ("position", pa.int64()),
        ("raw", pa.binary()),
        ("kafka_timestamp", pa.timestamp("us", "UTC")),
        ("ingested_at", pa.timestamp("us", "UTC")),
    ]
)


def judged_schema(dataset: Dataset, *, with_changes: bool = False) -> pa.Schema:
    """Return the columns of judged rows: those handed on, the dataset's typed columns, and `reasons`.

    `with_changes` says that records may be changes of a database: then `operation` is handed on too, and `row_key` is
    the business key of a record that is good or not.
    """
    typed_columns = [pa.field(column.name, arrow_type(column.type)) for column in dataset.columns]
    key = [pa.field("row_key", column.type) for column in typed_columns if column.name == dataset.key]
    beside = [pa.field("operation", pa.string()), *key] if with_changes else []
    return pa.schema([*IDENTITY, *typed_columns, *beside, pa.field("reasons", pa.list_(pa.string()))])


def judge(
    batch: pa.RecordBatch, dataset: Dataset, observe: Callable[[Seen], object] = lambda _: None
) -> pa.RecordBatch:
    """Return bronze rows with the dataset's typed columns and `reasons`, the names of the rules that a record breaks.

    The batch has the columns of `IDENTITY`, `format` (csv, json or log), `header` (of a CSV file) and `is_cut` (of a
    record too long to be kept whole), and `operation` where records may be changes. The result has those of
    `judged_schema(dataset)`: a good row has no reasons, one with reasons has nulls in the typed columns. `observe` is
    told what is seen of the records' fields.
    """
    schema = judged_schema(dataset, with_changes="operation" in batch.schema.names)
    handed_on = {*IDENTITY.names, "operation"}
    found = pa.concat_tables([_judge_slice(part, dataset, observe) for part in _slices(batch)])
    columns = [batch[name] if name in handed_on else found[name].combine_chunks() for name in schema.names]
    return pa.record_batch(
        [column.cast(field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def _slices(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Yield the batch in slices of at most SLICE_BYTES and a record; one of no rows where it has none."""
    sizes = pl.Series(values=pc.binary_length(batch["raw"]), dtype=pl.Int64).fill_null(0)
    start = 0
    for length in (sizes.cum_sum() // SLICE_BYTES).rle().struct.field("len") if len(batch) else [0]:
        yield batch.slice(start, length)
        start += length


def _judge_slice(batch: pa.RecordBatch, dataset: Dataset, observe: Callable[[Seen], object]) -> pa.Table:
    """Return the typed columns and `reasons`."""
    sightings = Sightings(batch, dataset)
    texts = parse(batch, dataset, sightings)
    observe(sightings.seen)
    values = [
        convert(texts[text_name(field.column.name)], field.column.type, field.formats).alias(field.column.name)
        for field in dataset.all_fields
    ]
    frame = texts.with_columns(pl.Series("ingested_at", batch["ingested_at"].cast(pa.timestamp("us", "UTC"))), *values)
    for name, expression in dataset.derived:
        frame = _derive(frame, next(f for f in dataset.fields if f.column.name == name), expression)
    reasons = find_reasons(frame, (*type_rules(dataset), *dataset.rules))
    is_good = reasons.list.len() == 0
    good = (pl.when(is_good).then(pl.col(column.name)).alias(column.name) for column in dataset.columns)
    key = [pl.col(dataset.key).alias("row_key")] if dataset.key is not None else []
    return frame.select(*good, *key, reasons.alias("reasons")).to_arrow()


def _derive(frame: pl.DataFrame, field: Field, expression: str) -> pl.DataFrame:
    """Fill the typed column of a field by an expression, whose texts are read as those of the source are."""
    name = field.column.name
    filled = frame.with_columns(pl.sql_expr(expression).alias(name))
    if filled[name].dtype == pl.String:
        return filled.with_columns(convert(filled[name], field.column.type, field.formats).alias(name))
    return filled.with_columns(pl.col(name).cast(frame[name].dtype, strict=False))
