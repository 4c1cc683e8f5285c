"""The balance sheet: what came in, what is in bronze, and what silver made of it, dataset by dataset.

Counts come from the Delta logs; only the reasons of quarantined rows are read.
"""

from dataclasses import asdict, dataclass

from deltalake import DeltaTable

from lakehouse.catalogue import FILES
from lakehouse.checkpoints import consumed
from lakehouse.datasets import DATASETS
from lakehouse.errors import IntegrityError
from lakehouse.frames import query, rows_by_partition, sum_of
from lakehouse.lake import open_table
from lakehouse.model import Dataset
from lakehouse.settings import Settings


@dataclass(frozen=True)
class Balance:
    """A dataset's line of the balance sheet, in records.

    `offsets` are the Kafka offsets that were read, of which `gaps` held no record (transaction markers and aborted
    records). It closes where source = bronze = silver + quarantined.
    """

    dataset: str
    from_files: int
    offsets: int
    gaps: int
    bronze: int
    silver: int
    quarantined: int
    reasons: dict[str, int]

    @property
    def source(self) -> int:
        """Records that came in by file and topic."""
        return self.from_files + self.offsets - self.gaps

    @property
    def is_closed(self) -> bool:
        """Whether no record is missing or there twice."""
        return self.source == self.bronze == self.silver + self.quarantined and self.gaps >= 0

    def as_dict(self) -> dict[str, object]:
        """Return the line with its derived values, for JSON."""
        return asdict(self) | {"source": self.source, "is_closed": self.is_closed}


def file_rows(bronze: DeltaTable) -> int:
    """Return the number of bronze rows that came by file: those without a Kafka timestamp."""
    return sum_of(bronze, "null_count.kafka_timestamp")


def topic_stream_name(dataset: Dataset) -> str:
    """Return the name of the stream that reads a dataset's topic."""
    return f"bronze.{dataset.name}.topic"


def balance(settings: Settings) -> list[Balance]:
    """Return the balance sheet of the lake, a line per dataset; raises as `open_table` does."""
    files = query(
        "SELECT dataset, sum(records) AS records FROM files WHERE status = 'landed' GROUP BY dataset",
        files=open_table(settings.lake, FILES.name),
    )
    landed = {str(d): int(n) for d, n in zip(files["dataset"], files["records"], strict=True)}
    return [_line(settings, dataset, landed.get(dataset.name, 0)) for dataset in DATASETS.values()]


def _line(settings: Settings, dataset: Dataset, from_files: int) -> Balance:
    bronze = open_table(settings.lake, f"bronze.{dataset.name}")
    silver = open_table(settings.lake, f"silver.{dataset.name}")
    rows, sides = sum_of(bronze, "num_records"), rows_by_partition(silver)
    read = consumed(settings, topic_stream_name(dataset), dataset.topic)
    offsets = sum(end - start for start, end in read.values())
    return Balance(
        dataset=dataset.name,
        from_files=from_files,
        offsets=offsets,
        gaps=offsets - (rows - file_rows(bronze)),
        bronze=rows,
        silver=sides.get(False, 0),
        quarantined=sides.get(True, 0),
        reasons=_reasons(silver) if sides.get(True) else {},
    )


def _reasons(silver: DeltaTable) -> dict[str, int]:
    """Return the number of quarantined rows per first reason, most frequent first."""
    counts = query(
        "SELECT reasons[1] AS reason, count(*) AS n FROM silver WHERE quarantined GROUP BY 1 ORDER BY n DESC, reason",
        silver=silver,
    )
    return {str(reason): int(n) for reason, n in zip(counts["reason"], counts["n"], strict=True)}


def check(settings: Settings, *, with_silver: bool) -> list[Balance]:
    """Return the balance sheet; raise IntegrityError where it does not close.

    Without `with_silver` only source and bronze are compared.
    """
    lines = balance(settings)
    for line in lines:
        if line.source != line.bronze or line.gaps < 0:
            raise IntegrityError(
                f"{line.dataset}: {line.source:,} records came in, but bronze holds {line.bronze:,}. "
                f"Compare ledger.files and the topic with bronze.{line.dataset} before anything else is run."
            )
        if with_silver and line.bronze != line.silver + line.quarantined:
            raise IntegrityError(
                f"{line.dataset}: bronze holds {line.bronze:,} records, silver {line.silver:,} good and "
                f"{line.quarantined:,} quarantined. Compare bronze and silver by source, source_id and position."
            )
    return lines
