"""Whether the API can answer: for monitors, so without a token and without touching the lake."""

from datetime import UTC, datetime
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from lakehouse.metrics import METRICS
from lakes import refresher
from lakes.refresher import Known


class Table(serializers.Serializer[Any]):
    """How one gold table is."""

    status = serializers.ChoiceField(["ok", "stale", "not built", "unreachable"])
    version = serializers.IntegerField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True, help_text="since the version was committed")


class Stream(serializers.Serializer[Any]):
    """How far continuous mode is."""

    lag_records = serializers.IntegerField(help_text="records that were waiting at its last look")
    lag_seconds = serializers.FloatField(help_text="until these were in gold")
    records_per_second = serializers.FloatField()


class Report(serializers.Serializer[Any]):
    """How everything is."""

    status = serializers.ChoiceField(["ok", "unavailable"])
    api = serializers.CharField()
    lake = serializers.ChoiceField(["ok", "unreachable"])
    gold = serializers.DictField(child=Table())
    stream = Stream(allow_null=True, help_text="null where no stream runs")


@extend_schema(operation_id="health", tags=["health"], responses={200: Report, 503: Report})
@api_view()
@permission_classes([AllowAny])
@authentication_classes([])
def health(_request: Request) -> Response:
    """Answer 200, or 503 where the lake or a gold table cannot be read; age alone is no failure."""
    known = {name: refresher.current().known(name) for name in METRICS}
    reachable = not any(k.stale for k in known.values())
    built = all(k.snapshot for k in known.values())
    stream = refresher.current().progress
    body = {
        "status": "ok" if reachable and built else "unavailable",
        "api": "ok",
        "lake": "ok" if reachable else "unreachable",
        "gold": {name: described(k) for name, k in known.items()},
        "stream": Stream(stream).data if stream and stream.is_recent else None,
    }
    return Response(body, 200 if reachable and built else 503, headers={"Cache-Control": "no-store"})


def described(known: Known) -> dict[str, object]:
    """Return how one gold table is: its version and how many seconds ago that was committed."""
    if known.snapshot is None:
        return {"status": "unreachable" if known.stale else "not built", "version": None, "age_seconds": None}
    age = datetime.now(UTC) - known.snapshot.committed
    return {
        "status": "stale" if known.stale else "ok",
        "version": known.snapshot.version,
        "age_seconds": max(int(age.total_seconds()), 0),
    }
