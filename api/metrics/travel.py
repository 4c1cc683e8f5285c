"""Metrics as they were: older versions of gold, read when asked for."""

from functools import lru_cache

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from django.conf import settings

from accounts.permissions import Asker
from lakehouse.lake import Lake
from lakehouse.model import Metric
from lakes import snapshot, versions
from lakes.reads import READS
from lakes.snapshot import Snapshot


def as_of(user: Asker, metric: Metric, wanted: versions.Wanted) -> Snapshot:
    """Return the version of a metric that is wanted, by its number, a time or a run.

    Raises NotFound (naming the range) for one that is not kept, and what READS raises. Version 0 is the
    table as it was made, empty.
    """
    lake = Lake.of(settings.LAKEHOUSE)
    return READS.ask(user, (lake, metric.name, wanted), lambda: _read(lake, metric, wanted))


def _read(lake: Lake, metric: Metric, wanted: versions.Wanted) -> Snapshot:
    name = f"gold.{metric.name}"
    table = versions.as_of(lake, name, wanted)
    try:
        return _taken(lake.address(name), str(table.metadata().id), table.version(), metric)
    except (OSError, DeltaError) as error:
        raise versions.why_gone(lake, name, table.version(), error) from error


@lru_cache(maxsize=16)
def _taken(url: str, _table_id: str, version: int, metric: Metric) -> Snapshot:
    """Read a version once: it never changes, unless the table is made again, under another id."""
    return snapshot.take(DeltaTable(url, version=version), metric)
