"""A small, deterministic lake for tests of what reads lakes: real Delta tables with their real schemas, no Spark.

Every silver row has its bronze row and every file its row in the ledger; gold agrees with silver. From a shell:
`PYTHONPATH=jobs:tests python -m sample_lake file:///tmp/lake`; a lake on HDFS needs `--without-checkpoints`.
"""

import hashlib
import json
import sys
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pyarrow as pa
from deltalake import CommitProperties, write_deltalake
from sample_records import BROKEN, Record, advert, post, request, transaction

from lakehouse import catalogue, lake, paths
from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.model import Table

MAKERS = {"transactions": transaction, "logs": request, "social_data": post, "ad_campaigns": advert}
# Name of the file, and how many of ten records come by it; the others come by the topic.
FILES = {
    "transactions": ("transactions_2024.csv", 8),
    "logs": ("access.log", 10),
    "social_data": ("posts.json", 10),
    "ad_campaigns": ("", 0),
}
INGESTED = datetime(2025, 1, 2, 8, 30, tzinfo=UTC)
RUN = "run-0002"
Row = dict[str, object]


def records(dataset: str, rows: int) -> list[Record]:
    """Return the same records of a dataset for the same number of rows, every time."""
    rng = Random(f"sample {dataset}")
    return [MAKERS[dataset](rng, number) for number in range(1, rows + 1)]


def build(url: str, rows: int = 300, *, with_checkpoints: bool = True) -> None:
    """Make the lake `url` with `rows` records a dataset.

    Checkpoints are plain files: raises ValueError, before anything is written, for a `url` that is not file:///….
    Without them the balance sheet counts nothing from topics.
    """
    folders = {name: _checkpoint_folder(url, name) for name in DATASETS} if with_checkpoints else {}
    lake.create_tables(url)
    _write(url, catalogue.RUNS, _runs(rows))
    landed: list[Row] = []
    judged = {}
    for name, dataset in DATASETS.items():
        judged[name] = records(name, rows)
        where = [_identity(name, dataset.topic, number) for number in range(rows)]
        _write(url, catalogue.bronze(dataset), [_bronze(r, w) for r, w in zip(judged[name], where, strict=True)])
        _write(url, catalogue.silver(dataset), [_silver(r, w) for r, w in zip(judged[name], where, strict=True)])
        if name in folders:
            _checkpoint(folders[name], dataset.topic, sum(w["source"] == dataset.topic for w in where))
        landed += _landed(name, judged[name], where)
    _write(url, catalogue.FILES, landed)
    for name, metric in METRICS.items():
        good = [r.values for r in judged[metric.dataset] if not r.reasons]
        version = lake.open_table(url, f"silver.{metric.dataset}").version()
        write_gold(url, name, METRIC_ROWS[name](good), version)


def write_gold(url: str, metric: str, rows: list[Row], silver_version: int) -> None:
    """Overwrite a gold table in one commit that names the silver version, as the gold job does."""
    stamp = json.dumps({"silver_version": silver_version, "run_id": RUN})
    table = catalogue.tables()[f"gold.{metric}"]
    _write(url, table, rows, "overwrite", CommitProperties(custom_metadata={"userMetadata": stamp}))


def _write(
    url: str, table: Table, rows: list[Row], mode: str = "append", props: CommitProperties | None = None
) -> None:
    data = pa.Table.from_pylist(rows, schema=pa.schema(lake.schema(table.columns).to_arrow()))
    write_deltalake(
        paths.table(url, table.name),
        data,
        mode=mode,
        partition_by=list(table.partition_by) or None,
        commit_properties=props,
    )


def _identity(name: str, topic: str, number: int) -> Row:
    file, of_ten = FILES[name]
    if number % 10 < of_ten:
        position = number // 10 * of_ten + number % 10
        return {"source": file, "source_id": hashlib.sha256(file.encode()).hexdigest(), "position": position}
    position = number // 10 * (10 - of_ten) + number % 10 - of_ten
    return {"source": topic, "source_id": "0", "position": position}


def _bronze(record: Record, where: Row) -> Row:
    by_topic = where["source_id"] == "0"
    return {
        **where,
        "raw": _json_of(record) if by_topic else record.raw,
        "format": "json" if by_topic else record.format,
        "header": None if by_topic else record.header,
        "kafka_timestamp": INGESTED - timedelta(minutes=5) if by_topic else None,
        "ingested_at": INGESTED,
        "run_id": RUN,
    }


def _silver(record: Record, where: Row) -> Row:
    row: Row = {
        **where,
        "quarantined": bool(record.reasons),
        "rules_version": 1,
        "ingested_at": INGESTED,
        "run_id": RUN,
    }
    if record.reasons:
        return row | {"raw": record.raw, "reasons": list(record.reasons)}
    digest = hashlib.sha256(repr(record.values).encode()).digest()[:8]
    return row | record.values | {"content_hash": int.from_bytes(digest, "big", signed=True)}


def _checkpoint_folder(url: str, name: str) -> Path:
    if urlsplit(url).scheme != "file":
        raise ValueError(f"{url} is no file:// URL, so no checkpoints can be written there: leave them out.")
    return Path(url2pathname(urlsplit(paths.checkpoint(url, f"bronze.{name}.topic")).path))


def _checkpoint(folder: Path, topic: str, read: int) -> None:
    """Write what Spark's checkpoint of the topic says was read."""
    for file, offset in (("sources/0/0", 0), ("offsets/0", read), ("commits/0", None)) if read else ():
        (folder / file).parent.mkdir(parents=True)
        offsets = json.dumps({topic: {"0": offset}}) if offset is not None else "{}"
        (folder / file).write_text(f"v1\n{offsets}\n")


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


def _groups(rows: list[Row], key: str) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _sales(rows: list[Row]) -> list[Row]:
    sums = {k: sum((r["amount"] for r in g), Decimal(0)) for k, g in _groups(rows, "product").items()}
    return [{"produit": product, "total_ventes": total} for product, total in sums.items()]


def _statuses(rows: list[Row]) -> list[Row]:
    return [{"status_code": status, "count_requests": len(g)} for status, g in _groups(rows, "status").items()]


def _likes(rows: list[Row]) -> list[Row]:
    named = [{"content": r["product"] or str(r["message"])[:200], "likes": r["likes"]} for r in rows]
    means = {k: sum(r["likes"] for r in g) / len(g) for k, g in _groups(named, "content").items()}
    return [{"contenu": content, "avg_likes": mean} for content, mean in means.items()]


def _campaigns(rows: list[Row]) -> list[Row]:
    return [
        {
            "campaign_id": campaign,
            "total_clicks": sum(r["clicks"] for r in g),
            "total_impressions": sum(r["impressions"] for r in g),
        }
        for campaign, g in _groups(rows, "campaign_id").items()
    ]


METRIC_ROWS = {
    "total_sales_per_product": _sales,
    "status_code_counts": _statuses,
    "avg_likes_per_product": _likes,
    "campaign_metrics": _campaigns,
}

if __name__ == "__main__":
    build(sys.argv[1], with_checkpoints="--without-checkpoints" not in sys.argv)
