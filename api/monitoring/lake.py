"""What is known of the lake, as gauges that are made when they are asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from rest_framework.exceptions import APIException

from lakehouse.catalogue import gauges, records
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakes import refresher
from lakes.reads import READS

RUNS = 200  # that are looked through for the last one of each job


class LakeCollector(Collector):
    """Gives the state of metrics, stream and jobs; what cannot be read now is left out."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield all gauges."""
        yield from _metrics()
        yield from _stream()
        lake = Lake.of(settings.LAKEHOUSE)
        try:
            runs = READS.ask(AnonymousUser(), ("runs", lake.url), lambda: records.runs(lake, RUNS))
        except (APIException, LakehouseError):
            return
        yield from gauges.of_jobs(runs)


def _metrics() -> Iterator[GaugeMetricFamily]:
    version = GaugeMetricFamily("lakehouse_metric_version", "Newest version of a gold table.", labels=["metric"])
    age = GaugeMetricFamily("lakehouse_metric_age_seconds", "Seconds since it was committed.", labels=["metric"])
    stale = GaugeMetricFamily("lakehouse_metric_stale", "1 where the lake has not confirmed it.", labels=["metric"])
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
