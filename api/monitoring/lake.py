"""What is known of the lake, as gauges that are made when they are asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from rest_framework.exceptions import APIException

from catalogue import records
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakes import refresher
from lakes.reads import READS

# Runs that are looked through for the last one of each job, and jobs that are told at most.
RUNS, JOBS = 200, 30
# What a run counted, by the words of ledger.runs.
COUNTS = {"new": "new", "rows": "good", "quarantined": "quarantined", "lost": "lost"}


class LakeCollector(Collector):
    """Gives the state of metrics, stream and jobs; what cannot be read now is left out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all gauges."""
        yield from _metrics()
        yield from _stream()
        yield from _jobs()


def _metrics() -> Iterator[GaugeMetricFamily]:
    version = GaugeMetricFamily("lakehouse_metric_version", "Newest version of a gold table.", labels=["metric"])
    age = GaugeMetricFamily(
        "lakehouse_metric_age_seconds", "Seconds since that version was committed.", labels=["metric"]
    )
    stale = GaugeMetricFamily(
        "lakehouse_metric_stale", "1 where the lake has not confirmed the version lately.", labels=["metric"]
    )
    for name in METRICS:
        try:
            known = refresher.current().known(name)
        except APIException:
            continue
        stale.add_metric([name], known.stale)
        if known.snapshot:
            version.add_metric([name], known.snapshot.version)
            age.add_metric([name], (datetime.now(UTC) - known.snapshot.committed).total_seconds())
    yield from (version, age, stale)


def _stream() -> Iterator[GaugeMetricFamily]:
    told = refresher.current().progress
    if told is None or not told.is_recent:
        return
    yield GaugeMetricFamily("lakehouse_stream_lag_records", "Records that waited at the last look.", told.lag_records)
    yield GaugeMetricFamily("lakehouse_stream_lag_seconds", "Seconds until these were in gold.", told.lag_seconds)
    yield GaugeMetricFamily("lakehouse_stream_records_per_second", "How fast they came.", told.records_per_second)


def _jobs() -> Iterator[GaugeMetricFamily]:
    """Yield what ledger.runs tells of the last run of each job; a run without an end is `interrupted`, or goes on."""
    lake = Lake.of(settings.LAKEHOUSE)
    try:
        runs = READS.ask(AnonymousUser(), ("runs", lake.url), lambda: records.runs(lake, RUNS))
    except (APIException, LakehouseError):
        return
    last: dict[str, dict[str, Any]] = {}
    for run in runs:
        if len(last) < JOBS:
            last.setdefault(run["job"], run)
    state = GaugeMetricFamily("lakehouse_job_last_run", "1 for the state of a job's last run.", labels=["job", "state"])
    start = GaugeMetricFamily(
        "lakehouse_job_last_start_timestamp_seconds", "When it began, in seconds since 1970.", labels=["job"]
    )
    seconds = GaugeMetricFamily("lakehouse_job_last_duration_seconds", "How long it took.", labels=["job"])
    counted = GaugeMetricFamily(
        "lakehouse_job_last_records", "Records that it brought in, judged, or let go.", labels=["job", "kind"]
    )
    for job, run in last.items():
        state.add_metric([job, run["status"]], 1)
        start.add_metric([job], datetime.fromisoformat(run["started_at"]).timestamp())
        if run["seconds"] is not None:
            seconds.add_metric([job], run["seconds"])
        for word, kind in COUNTS.items():
            counted.add_metric([job, kind], _sum(run["counts"], word))
    yield from (state, start, seconds, counted)


def _sum(counts: dict[str, dict[str, Any]], word: str) -> int:
    """Return what a run counted under a word, but for the groups of gold, which are no records."""
    return sum(int(kept.get(word, 0)) for table, kept in counts.items() if not table.startswith("gold."))
