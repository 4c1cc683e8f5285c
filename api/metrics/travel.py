"""Metrics as they were: older versions of gold, read when asked for."""

from datetime import datetime
from functools import lru_cache

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from django.conf import settings

from lakehouse.errors import LakehouseError, ServiceError
from lakehouse.lake import Lake
from lakehouse.model import Metric
from lakes import deadline, snapshot, versions
from lakes.snapshot import Snapshot

# Seconds that a request waits for the lake.
DEADLINE = 2.5


def as_of(metric: Metric, text: str) -> Snapshot:
    """Return the version of a metric that `text` names, by number or ISO time.

    Raises ValueError for a text that is neither, OutsideError (naming the range) for one that is not kept, and
    ServiceError where the lake does not answer in time. Version 0 is the empty table that was never computed.
    """
    wanted = versions.parse(text)
    try:
        return deadline.METRICS.within(DEADLINE, lambda: _answered(settings.LAKEHOUSE.lake, metric, wanted))
    except TimeoutError as error:
        raise ServiceError(str(error) or f"The lake did not answer within {DEADLINE:g} s.") from error


def _answered(lake: str, metric: Metric, wanted: int | datetime) -> Snapshot:
    """Read a version; whatever goes wrong is ServiceError.

    A broken log is a ValueError, which would pass for an `as_of` that is none, and Rust's PanicException no Exception.
    """
    try:
        return _read(lake, metric, wanted)
    except LakehouseError:
        raise
    except BaseException as error:
        raise ServiceError(f"The lake cannot be read ({error}).") from error


def _read(lake: str, metric: Metric, wanted: int | datetime) -> Snapshot:
    name = f"gold.{metric.name}"
    kept = versions.kept(lake, name, first=1)
    version = kept.at(wanted)
    url = Lake(lake).address(name)
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
