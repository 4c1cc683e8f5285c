"""A small, deterministic lake for tests of what reads lakes: real Delta tables with their real schemas, no Spark.

Every silver row has its bronze row and every file its row in the ledger; gold agrees with silver, and every commit says
what its table stands at. From a shell: `PYTHONPATH=jobs:tests python -m sample_lake file:///tmp/lake`; for a lake on
HDFS the HTTP address of its NameNode comes second.
"""

import atexit
import hashlib
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Literal

import pyarrow as pa
from deltalake import CommitProperties, Transaction, write_deltalake
from sample_gold import METRIC_ROWS
from sample_records import BROKEN, Record, advert, of_cases, post, request, transaction

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, schemas
from lakehouse.lake.forgotten import digest, make_key
from lakehouse.lake.schemas import arrow_schema
from lakehouse.lake.state import Source, State
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset, Metric, Table
from lakehouse.query import questions

MAKERS = {"transactions": transaction, "logs": request, "social_data": post, "ad_campaigns": advert}
# Name of the file, and how many of ten records come by it; the others come by the topic.
FILES = {name: (f"{name}.txt", 10) for name in DATASETS} | {
    "transactions": ("transactions_2024.csv", 8),
    "logs": ("access.log", 10),
    "social_data": ("posts.json", 10),
    "ad_campaigns": ("", 0),
}
INGESTED = datetime(2025, 1, 2, 8, 30, tzinfo=UTC)
RUN = "run-0002"
KEYS = {dataset.key for dataset in DATASETS.values()}
Row = dict[str, Any]


def records(dataset: str, rows: int) -> list[Record]:
    """Return the same records of a dataset for the same number of rows, every time."""
    rng = Random(f"sample {dataset}")
    make = MAKERS.get(dataset) or of_cases(DATASETS[dataset])
    return [make(rng, number) for number in range(1, rows + 1)]


def build(url: str, rows: int = 300, webhdfs: str = "") -> None:
    """Make the lake `url` with `rows` records a dataset; `webhdfs` is the NameNode's HTTP address of one on HDFS."""
    lake = Lake(url, webhdfs)
    lake.make_tables()
    lake.append(schemas.RUNS, _runs(rows))
    landed: list[Row] = []
    for name, dataset in DATASETS.items():
        made = records(name, rows)
        where = [_identity(name, dataset.topic, number) for number in range(rows)]
        landed += _landed(name, made, where)
        bronze = _write_bronze(lake, dataset, made, where)
        batches = _batches(where)
        rows_of_silver = [_silver(r, w, batches[str(w["source"])]) for r, w in zip(made, where, strict=True)]
        write(lake, schemas.silver(dataset), rows_of_silver, State(batch=1, source=bronze, run_id=RUN))
        source = lake.standing(f"silver.{name}").as_source()
        for metric in (metric for metric in METRICS.values() if metric.dataset == name):
            good = [record.values for record in made if not record.reasons]
            _write_gold(lake, metric.name, _groups(lake, metric, good), source)
    lake.append(schemas.FILES, landed)
    word: Row = {"dataset": "logs", "column": "user", "run_id": RUN, "at": INGESTED}
    lake.append(schemas.FORGOTTEN, [word | {"digest": digest(make_key(lake), "logs", "user", "nobody")}])


def _groups(lake: Lake, metric: Metric, good: list[Row]) -> list[Row]:
    """Return the rows of a metric, in plain Python where it is written down in it."""
    if metric.name in METRIC_ROWS:
        return METRIC_ROWS[metric.name](good)
    silver = lake.open(f"silver.{metric.dataset}")
    rows: list[Row] = questions.answer(silver, replace(metric, answer=()), questions.Question()).to_pylist()
    return rows


def copy(url: str, rows: int = 300) -> None:
    """Make the lake `url` on the local disk as `build` does, by a copy of one that is made once."""
    shutil.copytree(_built(rows), url.removeprefix("file://"), dirs_exist_ok=True)


@cache
def _built(rows: int) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-sample-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    build(folder.as_uri(), rows)
    return folder


def write_gold(url: str, metric: str, rows: list[Row], silver_version: int) -> None:
    """Overwrite a gold table in one commit that names the silver version, as the gold job does."""
    _write_gold(Lake(url), metric, rows, Source("", silver_version, batch=1, epoch=0))


def _write_gold(lake: Lake, metric: str, rows: list[Row], source: Source) -> None:
    state = State(batch=1, source=source, code=METRICS[metric].code, run_id=RUN)
    write(lake, schemas.tables()[f"gold.{metric}"], rows, state, "overwrite")


def write(
    lake: Lake, table: Table, rows: list[Row], state: State, mode: Literal["append", "overwrite"] = "append"
) -> None:
    """Write rows in one commit that carries what the table then stands at."""
    write_deltalake(
        lake.address(table.name),
        pa.Table.from_pylist(rows, schema=arrow_schema(table.columns)),
        mode=mode,
        partition_by=list(table.partition_by) or None,
        commit_properties=CommitProperties(
            custom_metadata={"userMetadata": state.as_json()},
            app_transactions=[Transaction(table.name, state.batch)],
        ),
    )


def _batches(where: list[Row]) -> dict[str, int]:
    """Return the number of the batch that brought each source to bronze: files come first, then the topic."""
    return {str(source): n for n, source in enumerate(dict.fromkeys(w["source"] for w in where), start=1)}


def _write_bronze(lake: Lake, dataset: Dataset, made: list[Record], where: list[Row]) -> Source:
    """Write a batch by file and one by topic, those that a dataset has; return what silver keeps of them."""
    state, table = State(), schemas.bronze(dataset)
    for source, batch in _batches(where).items():
        own = [_bronze(r, w, batch) for r, w in zip(made, where, strict=True) if w["source"] == source]
        if source == dataset.topic:
            state = state.next(RUN, topic_id=f"topic-{dataset.name}", offsets={"0": (0, len(own))})
        else:
            state = state.next(RUN, files=_in_state(_landed(dataset.name, made, where)))
        write(lake, table, own, state)
    return lake.standing(table.name).as_source()


def _in_state(landed: list[Row]) -> tuple[Row, ...]:
    """Return the rows of the ledger that bronze's state names: those of files that came in, with times as text."""
    return tuple(
        row | {name: row[name].isoformat() for name in ("mtime", "seen_at")}
        for row in landed
        if row["status"] == "landed"
    )


def _identity(name: str, topic: str, number: int) -> Row:
    file, of_ten = FILES[name]
    if number % 10 < of_ten:
        position = number // 10 * of_ten + number % 10
        return {"source": file, "source_id": hashlib.sha256(file.encode()).hexdigest(), "position": position}
    position = number // 10 * (10 - of_ten) + number % 10 - of_ten
    return {"source": topic, "source_id": "0", "position": position}


def _bronze(record: Record, where: Row, batch: int) -> Row:
    by_topic = where["source_id"] == "0"
    return {
        **where,
        "batch": batch,
        "raw": _json_of(record) if by_topic else record.raw,
        "format": "json" if by_topic else record.format,
        "header": None if by_topic else record.header,
        "is_cut": False,
        "kafka_timestamp": INGESTED - timedelta(minutes=5) if by_topic else None,
        "ingested_at": INGESTED,
        "run_id": RUN,
    }


def _silver(record: Record, where: Row, bronze_batch: int) -> Row:
    row: Row = {
        **where,
        "batch": 1,
        "bronze_batch": bronze_batch,
        "quarantined": bool(record.reasons),
        "rules_version": "1",
        "ingested_at": INGESTED,
        "run_id": RUN,
    }
    if record.reasons:
        return row | {"raw": record.raw, "reasons": list(record.reasons)}
    key = next((v for name, v in record.values.items() if name in KEYS), None)
    return row | record.values | {"content_hash": _hash(record.values), "key_hash": None if key is None else _hash(key)}


def _hash(value: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(value).encode()).digest()[:8], "big", signed=True)


def _json_of(record: Record) -> bytes:
    return json.dumps(record.values, default=str, ensure_ascii=False).encode()


def _landed(name: str, made: list[Record], where: list[Row]) -> list[Row]:
    file, _ = FILES[name]
    if not file:
        return []
    inside = [r for r, w in zip(made, where, strict=True) if w["source"] == file]
    common: Row = {
        "dataset": name,
        "name": file,
        "size": sum(len(r.raw) + 1 for r in inside),
        "mtime": INGESTED - timedelta(hours=1),
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
        "blank": 0,
        "format": inside[0].format,
        "header": inside[0].header,
        "run_id": RUN,
        "seen_at": INGESTED,
    }
    rows = [common | {"records": len(inside), "status": "landed"}]
    if name == "transactions":
        rows.append(common | {"name": "copy_of_" + file, "records": len(inside), "status": "duplicate"})
        bad: Row = {"name": "no_header.csv", "sha256": "0" * 64, "records": None, "header": None}
        rows.append(common | bad | {"status": "rejected", "reason": "no_header"})
    return rows


def _runs(rows: int) -> list[Row]:
    done = {
        f"silver.{name}": {"rows": rows - rows // BROKEN, "quarantined": rows // BROKEN, "seconds": 1.2}
        for name in DATASETS
    }
    common: Row = {"job": "pipeline", "code_version": "0.1.0"}
    failed = "Kafka at localhost:9092 does not answer. Run `make up`."
    return [
        common | {"run_id": "run-0000", "status": "started", "at": INGESTED - timedelta(hours=3)},
        common | {"run_id": "run-0001", "status": "started", "at": INGESTED - timedelta(hours=2)},
        common
        | {"run_id": "run-0001", "status": "failed", "at": INGESTED - timedelta(minutes=119), "seconds": 60.0}
        | {"error": failed},
        common | {"run_id": RUN, "status": "started", "at": INGESTED},
        common
        | {"run_id": RUN, "status": "succeeded", "at": INGESTED + timedelta(seconds=15), "seconds": 15.3}
        | {"counts": json.dumps(done)},
    ]


if __name__ == "__main__":
    build(sys.argv[1], webhdfs=sys.argv[2] if len(sys.argv) > 2 else "")
