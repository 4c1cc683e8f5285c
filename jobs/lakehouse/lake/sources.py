"""The balance sheet of single sources: what came in by a file or a partition of a topic, and what became of it."""

import difflib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from deltalake import DeltaTable

from lakehouse.datasets import DATASETS
from lakehouse.errors import NoSuchRecordError
from lakehouse.lake import scan
from lakehouse.lake.ledger import came_in
from lakehouse.lake.scan import literal
from lakehouse.lake.schemas import FILES, FORGOTTEN
from lakehouse.lake.state import State
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset

# Sources that one answer shows; those that do not close come first.
MOST = 1_000

_SHEET = """
    WITH decided AS (
            SELECT name AS source, sha256 AS source_id, records, status, seen_at FROM files
            WHERE dataset = '{dataset}'{others}
        ),
        came AS (
            SELECT source, source_id, coalesce(records, 0) AS came, status FROM (
                SELECT *, row_number() OVER (PARTITION BY source, source_id ORDER BY seen_at DESC) AS age
                FROM decided WHERE {condition}
            ) WHERE age = 1
        ),
        b AS (
            SELECT source, source_id, count(*) AS rows, count(*) FILTER (WHERE batch > {read_to}) AS waiting FROM bronze
            WHERE {condition} GROUP BY 1, 2
        ),
        s AS (
            SELECT source, source_id, count(*) FILTER (WHERE NOT quarantined) AS good,
                count(*) FILTER (WHERE quarantined) AS quarantined
            FROM silver WHERE {condition} GROUP BY 1, 2
        ),
        f AS (
            SELECT source, source_id, count(DISTINCT position) AS rows FROM forgotten
            WHERE dataset = '{dataset}' AND {condition} AND ({came_in}) GROUP BY 1, 2
        ),
        sheet AS (
            SELECT coalesce(came.source, b.source, s.source) AS source,
                coalesce(came.source_id, b.source_id, s.source_id) AS source_id,
                coalesce(came.status, 'unknown') AS status, coalesce(came.came, 0) AS came,
                coalesce(b.rows, 0) AS bronze, coalesce(s.good, 0) AS good, coalesce(s.quarantined, 0) AS quarantined,
                coalesce(b.waiting, 0) AS waiting,
                CASE WHEN came.status IN ('landed', 'read') THEN coalesce(f.rows, 0) ELSE 0 END AS forgotten
            FROM came FULL JOIN b ON came.source = b.source AND came.source_id = b.source_id
            FULL JOIN s ON coalesce(came.source, b.source) = s.source
                AND coalesce(came.source_id, b.source_id) = s.source_id
            LEFT JOIN f ON came.source = f.source AND came.source_id = f.source_id
        )
    SELECT *, bronze = good + quarantined + waiting AND CASE status
            WHEN 'landed' THEN came = bronze + forgotten
            WHEN 'read' THEN came - bronze - forgotten BETWEEN 0 AND CASE source WHEN {topic} THEN came
                ELSE {lost_rows} END
            ELSE bronze = 0 END AS is_closed
    FROM sheet ORDER BY is_closed, source, source_id LIMIT {most}
"""
_REASONS = """
    SELECT source, source_id, reason, count(*) AS records
    FROM (SELECT source, source_id, unnest(reasons) AS reason FROM t WHERE quarantined AND {rows})
    GROUP BY 1, 2, 3 ORDER BY records DESC, reason
"""
_NEAR = """
    SELECT name FROM (SELECT DISTINCT name FROM t WHERE name IS NOT NULL)
    ORDER BY levenshtein(lower(name), lower({text})), name LIMIT 3
"""


@dataclass(frozen=True)
class SourceBalance:
    """What came in by a source and what became of it, in records; of a file by its content, of a topic by partition.

    `status` is the newest word of ledger.files on the file (landed, duplicate, rejected, undone, lost), `read` for
    offsets and rows, and `unknown` for rows whose source nothing tells of. `came` counts the file's records, or what
    was read; `forgotten` were taken out for good or refused, and `absent` have no row otherwise: a duplicate's are in
    another file, a lost file's are gone, offsets are gaps or lost, and rows of a database are lost. It closes where
    came = bronze + forgotten + absent, as its status allows, and bronze = good + quarantined + waiting. `reasons`
    counts a quarantined record under each of its reasons.
    """

    dataset: str
    source: str
    source_id: str | None
    status: str
    came: int
    bronze: int
    good: int
    quarantined: int
    waiting: int
    forgotten: int
    is_closed: bool
    reasons: dict[str, int] = field(default_factory=dict)

    @property
    def absent(self) -> int:
        """Records, or offsets, without a row in bronze, but for forgotten ones."""
        return self.came - self.bronze - self.forgotten

    def as_dict(self) -> dict[str, object]:
        """Return the sheet with its derived values, for JSON."""
        return asdict(self) | {"absent": self.absent}


def sources(lake: Lake, text: str) -> list[SourceBalance]:
    """Return the sheets of up to MOST sources a dataset, those that do not close first.

    `text` names files as ledger.files does, or by a pattern with * and ?, alone or after their dataset and a slash; or
    a topic or a table of a database, alone or with a slash and one of its partitions. Raises NoSuchRecordError naming
    near ones where there is none, and as `Lake.open`.
    """
    head, _, tail = text.rpartition("/")
    found: list[SourceBalance] = []
    for dataset in DATASETS.values():
        if head and head in (dataset.topic, *lake.standing(f"bronze.{dataset.name}").state.readings):
            found += _of(lake, dataset, f"source = {literal(head)} AND source_id = {literal(tail)}")
        elif head in ("", dataset.name):
            found += _of(lake, dataset, _condition(tail))
    if not found:
        raise NoSuchRecordError(_unknown(lake, text, tail))
    return found


def _condition(pattern: str) -> str:
    """Return the SQL condition on `source` that a name, or a pattern with * and ?, stands for."""
    if not set(pattern) & set("*?"):
        return f"source = {literal(pattern)}"
    escaped = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
    return f"source LIKE {literal(escaped)}"


def _of(lake: Lake, dataset: Dataset, condition: str) -> list[SourceBalance]:
    """Return the sheets of the sources of a dataset that fulfil a condition.

    While a job writes, a table may be read before and another one after a commit: what does not close is read again.
    """
    found: list[SourceBalance] = []
    for _ in range(3):
        found = list(_read(lake, dataset, condition))
        if all(sheet.is_closed for sheet in found):
            break
    return found


def _read(lake: Lake, dataset: Dataset, condition: str) -> Iterator[SourceBalance]:
    # Silver before bronze: what bronze gains meanwhile is then waiting, not lost.
    files, silver = lake.open(FILES.name), lake.open(f"silver.{dataset.name}")
    read_to = lake.standing(f"silver.{dataset.name}", silver).state.source_batch
    bronze = lake.open(f"bronze.{dataset.name}")
    state = lake.standing(f"bronze.{dataset.name}", bronze).state
    sql = _SHEET.format(
        dataset=dataset.name,
        topic=literal(dataset.topic),
        lost_rows=state.lost_rows,
        others=_others(state, dataset),
        came_in=came_in(state, dataset),
        condition=condition,
        read_to=read_to,
        most=MOST,
    )
    rows = scan.query(sql, files=files, silver=silver, bronze=bronze, forgotten=lake.open(FORGOTTEN.name)).to_pylist()
    reasons = _reasons(silver, condition, rows)
    for row in rows:
        yield SourceBalance(dataset.name, **row, reasons=reasons.get((row["source"], row["source_id"]), {}))


def _others(state: State, dataset: Dataset) -> str:
    """Return in SQL, as more rows, what bronze's state knows and the ledger does not.

    These are the offsets that were read, and the decisions on the files of the newest batch, which a run that is
    writing it, or was killed, has not told the ledger yet.
    """
    ranges = state.read(dataset.topic)
    read = [(source, name, end - first, "read", "2000-01-01") for source, name, first, end in ranges]
    files = [tuple(row[name] for name in ("name", "sha256", "records", "status", "seen_at")) for row in state.files]
    rows = ", ".join(
        f"({literal(source)}, {literal(source_id)}, CAST({records:d} AS BIGINT), {literal(status)}, "
        f"CAST({literal(seen_at)} AS TIMESTAMP))"
        for source, source_id, records, status, seen_at in [*read, *files]
    )
    columns = "source, source_id, records, status, seen_at"
    return f" UNION ALL SELECT * FROM (VALUES {rows}) AS known({columns})" if rows else ""


def _reasons(silver: DeltaTable, where: str, rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, int]]:
    """Return the quarantined records of some sources by reason, most frequent first."""
    reasons: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    if ids := ", ".join({literal(row["source_id"]) for row in rows if row["quarantined"]}):
        found = scan.query(_REASONS.format(rows=f"{where} AND source_id IN ({ids})"), t=silver)
        for row in found.to_pylist():
            reasons[row["source"], row["source_id"]][row["reason"]] = row["records"]
    return reasons


def _unknown(lake: Lake, text: str, name: str) -> str:
    near = scan.query(_NEAR.format(text=literal(name)), t=lake.open(FILES.name))["name"].to_pylist()
    topics = [dataset.topic for dataset in DATASETS.values()]
    near += difflib.get_close_matches(text.partition("/")[0], topics, n=2)
    hint = f" Near ones: {', '.join(near)}." if near else ""
    return f"No file, topic or table that has come in is called {text[:100]!r}.{hint}"
