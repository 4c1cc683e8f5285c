"""What the OpenAPI schema says about the metric routes, derived from the metrics' columns."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from config.parameters import AS_OF, RUN, text, whole
from lakehouse.datasets import DATASETS
from lakehouse.model import Metric
from lakehouse.query import questions
from reference.documents import errors, response_header

# Any other type is a number; decimals are exact to their last digit.
_TYPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "binary": {"type": "string"},
    "boolean": {"type": "boolean"},
    "int": {"type": "integer"},
    "bigint": {"type": "integer"},
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
    "array<string>": {"type": "array", "items": {"type": ["string", "null"]}},
}
_EXAMPLES: dict[str, list[dict[str, Any]]] = {
    "total_sales_per_product": [{"produit": "Produit A", "total_ventes": 1500.0}],
    "status_code_counts": [{"status_code": 200, "count_requests": 150}],
    "avg_likes_per_product": [{"contenu": "Post 39cfd740a1b2", "avg_likes": 75.3}],
    "campaign_metrics": [{"campaign_id": "camp-001", "total_clicks": 300, "total_impressions": 1200}],
}

PARAMETERS = [
    whole("page", "Which 10,000 rows, from 1; X-Total-Rows says how many there are.", most=999_999_999, default=1),
    AS_OF,
    RUN,
]


def asked_by(metric: Metric) -> list[OpenApiParameter]:
    """Return the parameters of a metric's route."""
    values = [text(name, f"Only records with this `{name}`.") for name in questions.dimensions(metric)]
    return [*PARAMETERS, *(_time(metric)), *values]


def _time(metric: Metric) -> list[OpenApiParameter]:
    """Return the parameters on time; none where the metric's dataset has no time."""
    if (column := DATASETS[metric.dataset].time_column) is None:
        return []
    time = {"anyOf": [{"type": "string", "format": name, "minLength": 10} for name in ("date", "date-time")]}
    starts = ", ".join(f"{period} (from {start} on)" for period, start in questions.PERIODS.items())
    since = f"Only records with `{column}` on this day or later, or at this time or later; UTC where it names no zone."
    by = f"A row for each period that has records: {starts}. Its first day is the first column."
    return [
        OpenApiParameter("from", time, description=since),
        OpenApiParameter("to", time, description="Only records before this day or time, which is not in the range."),
        OpenApiParameter("by", {"type": "string", "enum": list(questions.PERIODS)}, description=by),
    ]


_HEADERS = [
    OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="The ETag of an earlier answer."),
    response_header("ETag", "Table and version.", codes=(200, 304)),
    response_header("X-Table-Version", "Version of the gold table.", int, (200, 304)),
    response_header("X-Source-Version", "Version of silver, where something is asked of the metric.", int, (200, 304)),
    response_header("X-Total-Rows", "Rows of the metric on all pages.", int, (200, 304)),
    response_header("Link", "The other pages (RFC 8288), where there are any.", codes=(200, 304)),
    response_header("Last-Modified", "When the version was committed.", codes=(200, 304)),
    response_header(
        "X-Stale", "`true` while the lake cannot be reached; Age says for how many seconds.", codes=(200, 304)
    ),
]


def described(metric: Metric) -> dict[str, Any]:
    """Return the arguments of `extend_schema` for a metric's route."""
    names = [column.name for column in metric.columns]
    properties = {column.name: _property(column.type) for column in metric.columns}
    periods = {period: _property("date") for period in questions.PERIODS} if _time(metric) else {}
    row = {"type": "object", "required": names, "properties": periods | properties, "additionalProperties": False}
    examples = [OpenApiExample("an answer", rows)] if (rows := _EXAMPLES.get(metric.name)) else []
    return {
        "operation_id": metric.name,
        "description": f"{metric.comment} Sorted by `{names[0]}`.",
        "tags": ["metrics"],
        "parameters": [*asked_by(metric), *_HEADERS],
        "examples": examples,
        "responses": {
            (200, "application/json"): OpenApiResponse(
                {"type": "array", "items": row}, "A page of the metric.", examples=examples
            ),
            (200, "text/csv"): OpenApiTypes.STR,
            304: OpenApiResponse(description="The client has it already."),
            **errors(404, 429, 503),
        },
    }


def _property(kind: str) -> dict[str, Any]:
    found = _TYPES.get(kind, {"type": "number"})
    return found | {"type": [found["type"], "null"]}
