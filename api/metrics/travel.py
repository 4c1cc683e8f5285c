"""Metrics as they were: older versions of gold, read when asked for."""

from datetime import datetime
from functools import lru_cache

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from django.conf import settings

from lakehouse import paths
from lakehouse.model import Metric
from lakes import snapshot, versions
from lakes.deadline import within
from lakes.snapshot import Snapshot

# Seconds that a request waits for the lake.
DEADLINE = 2.5


def as_of(metric: Metric, text: str) -> Snapshot:
    """Return the version of a metric that `text` names, by number or ISO time.

    Raises ValueError for a text that is neither, OutsideError (naming the range) for one that is not kept, and
    ServiceError where the lake does not answer in time. Version 0 is the empty table that was never computed.
    """
    wanted = versions.parse(text)
    return within(DEADLINE, lambda: _read(settings.LAKEHOUSE.lake, metric, wanted))


def _read(lake: str, metric: Metric, wanted: int | datetime) -> Snapshot:
    name = f"gold.{metric.name}"
    kept = versions.kept(lake, name, first=1)
    version = kept.at(wanted)
    url = paths.table(lake, name)
    try:
        table = DeltaTable(url, version=version)
        return _taken(url, str(table.metadata().id), version, metric)
    except (OSError, DeltaError) as error:
        first = kept.oldest_readable(url)
        if first <= version:
            raise
        raise kept.outside(first) from error


@lru_cache(maxsize=16)
def _taken(url: str, _table_id: str, version: int, metric: Metric) -> Snapshot:
    """Read a version once: it never changes, unless the table is made again, under another id."""
    return snapshot.take(DeltaTable(url, version=version), metric)
