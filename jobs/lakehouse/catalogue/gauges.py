"""What Prometheus is told of the jobs, by what ledger.runs has of them."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from prometheus_client.core import GaugeMetricFamily

from lakehouse.catalogue.records import Fact

# Jobs that are told at most.
JOBS = 30
# What a run counted, by the words of ledger.runs.
COUNTS = {"new": "new", "rows": "good", "quarantined": "quarantined", "lost": "lost"}


def of_jobs(runs: Iterable[Fact]) -> Iterator[GaugeMetricFamily]:
    """Yield what runs, the newest first, tell of the last one of each job.

    One without an end is `interrupted`, or still goes on.
    """
    last: dict[str, Fact] = {}
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
