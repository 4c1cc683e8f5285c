"""The names under which tables are read by people: each layer's tables, and two views of every silver table."""

from dataclasses import dataclass

from deltalake import DeltaTable

from lakehouse.datasets import DATASETS
from lakehouse.lake import evolution, schemas
from lakehouse.metrics import METRICS
from lakehouse.model import Column, Dataset

# A source record as it came tells who a person is wherever one of its fields does, and so do hashes of its values, by
# which one can find out what a masked one is: all are personal as a whole.
WHOLE_RECORDS = frozenset({"raw", "header", "key_hash", "content_hash"})
WHERE_FROM = (*schemas.IDENTITY, Column("ingested_at", "timestamp"))


@dataclass(frozen=True)
class View:
    """What a name such as `silver.transactions` stands for: a table, some of its columns, and one of its sides.

    `quarantined` is the side of a silver table that the view shows, or None for all rows of a table.
    """

    name: str
    table: str
    columns: tuple[Column, ...]
    quarantined: bool | None = None
    comment: str = ""

    @property
    def layer(self) -> str:
        """The first half of the name: gold, silver, quarantine, bronze or ledger."""
        return self.name.partition(".")[0]

    @property
    def personal(self) -> frozenset[str]:
        """Names of the columns that tell who a person is."""
        return frozenset(c.name for c in self.columns if c.personal or c.name in WHOLE_RECORDS)


def views() -> dict[str, View]:
    """Return every view by its full name, gold first."""
    tables = schemas.tables()
    whole = {name: View(name, name, table.columns, comment=table.comment) for name, table in tables.items()}
    made = [View(f"gold.{name}", f"gold.{name}", m.columns, comment=m.comment) for name, m in METRICS.items()]
    for dataset in DATASETS.values():
        made += [*_sides(dataset), whole[f"bronze.{dataset.name}"]]
    # What is neither a layer nor a side of one, such as the ledger and tables that are added later.
    made += [view for view in whole.values() if view.layer not in ("gold", "silver", "bronze")]
    return {view.name: view for view in made}


def as_stored(view: View, table: DeltaTable) -> View:
    """Return a view with the columns that its open table got from fields which no dataset declares."""
    if view.layer != "silver":
        return view
    return _sides(evolution.of_schema(DATASETS[view.name.partition(".")[2]], table.schema()))[0]


def aliases() -> dict[str, str]:
    """Return the short names of views: a bare metric or dataset, and the names of the older ingestion tables."""
    return {
        **{name: f"gold.{name}" for name in METRICS},
        **{name: f"silver.{name}" for name in DATASETS},
        **{f"kafka_ing_{name}": f"silver.{name}" for name in DATASETS},
    }


def _sides(dataset: Dataset) -> tuple[View, View]:
    by_name = {column.name: column for column in schemas.silver(dataset).columns}
    table = f"silver.{dataset.name}"
    judged = (by_name["raw"], by_name["reasons"], by_name["rules_version"])
    good = View(
        table, table, (*dataset.columns, *WHERE_FROM), False, f"Good records of {dataset.name}, typed, each once."
    )
    bad = View(
        f"quarantine.{dataset.name}",
        table,
        (*schemas.IDENTITY, *judged, WHERE_FROM[-1]),
        True,
        f"Records of {dataset.name} that broke a rule, as they came, with the reasons.",
    )
    return good, bad
