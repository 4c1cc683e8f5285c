"""The route that Prometheus scrapes: for this machine alone, or for whoever has the token.

What is known of the lake is made into gauges when they are asked for; requests are counted by monitoring/requests.py.
"""

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from rest_framework.exceptions import APIException

from config import errors
from lakehouse.catalogue import gauges, records
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakes import refresher
from lakes.reads import READS

RUNS = 200  # that are looked through for the last one of each job


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus's text format; 401 without the token where one is set, 403 for other machines where none is.

    A request that came by a proxy is one of another machine.
    """
    if request.method not in ("GET", "HEAD"):
        refusal = errors.response(request, 405, "This route is read by GET.")
        refusal.headers["Allow"] = "GET, HEAD"
        return refusal
    if token := settings.API.metrics_token:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            refusal = errors.response(request, 401, "The token of API_METRICS_TOKEN_FILE is needed, as a Bearer token.")
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refusal
    elif not _is_from_here(request):
        return errors.response(request, 403, "Only this machine may ask; API_METRICS_TOKEN_FILE lets others do so.")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(LakeCollector())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _is_from_here(request: HttpRequest) -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


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
