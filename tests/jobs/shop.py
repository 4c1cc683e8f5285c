"""A small dataset of JSON records for tests of runs: its records arrive in bronze by a topic, without a broker."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from lakehouse.lake import Lake, data_files, schemas
from lakehouse.model import Column, Dataset, Field
from lakehouse.settings import load
from lakehouse.spark.run import Run

NAME = "shop"
SHOP = Dataset(
    name=NAME,
    topic="shop_topic",
    formats=("json",),
    fields=(Field("id", Column("id", "string")), Field("likes", Column("likes", "int"), required=False)),
    key="id",
    time_column="id",
)
NOW = datetime(2025, 6, 1, tzinfo=UTC)
Row = dict[str, Any]


def arrive(job: Run, *records: object) -> None:
    """Let a batch of records come to bronze by the topic."""
    name, table = f"bronze.{NAME}", schemas.bronze(SHOP)
    start = job.state(name).offsets.get("0", (0, 0))[1]
    state = job.state(name).next("run", topic_id="t", offsets={"0": (0, start + len(records))})
    common: Row = {"batch": state.batch, "source": SHOP.topic, "source_id": "0", "format": "json", "is_cut": False}
    common |= {"kafka_timestamp": NOW, "ingested_at": NOW, "run_id": "run"}
    raws = [json.dumps(record).encode() for record in records]
    rows = [common | {"position": start + n, "raw": raw, "size": len(raw)} for n, raw in enumerate(raws)]
    batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(table.columns))
    job.commit(name, list(data_files.write(job.lake.files, job.lake.address(name), table, "x", [batch])), state)


def a_run(spark: SparkSession, folder: Path) -> Run:
    """Return a run on the lake in a folder, as one that starts now."""
    assert spark
    settings = load({"LAKEHOUSE_URL": folder.as_uri()})
    lake = Lake.of(settings)
    return Run("silver", settings, lake, lake.make_tables())
