"""What the schema says about the query route."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from query import access, limits
from query.formats import ARROW, CSV, JSON
from reference.documents import Error


class Cell(serializers.Serializer[Any]):
    """A value as text; NULL is an empty object."""

    VarCharValue = serializers.CharField(required=False)


class Row(serializers.Serializer[Any]):
    """A row's values, in the order of the columns."""

    Data = Cell(many=True)


class Rows(serializers.Serializer[Any]):
    """The rows; the first one holds the names of the columns."""

    Rows = Row(many=True)


class ResultSet(serializers.Serializer[Any]):
    """A page of rows in the shape that Athena gives."""

    ResultSet = Rows()


STATUSES = {
    400: "A parameter cannot be used, or the scan would be too large.",
    401: "No valid access token.",
    403: "The layer is for engineers, or the filter names a personal column.",
    404: "There is no such table or version.",
    410: "The version that the page belongs to is not there any more.",
    429: f"{limits.RUNNING} queries of this user are running.",
    503: "The lake cannot be read, the table is not built yet, or the query took too long.",
}
EXAMPLE = {
    "ResultSet": {
        "Rows": [
            {"Data": [{"VarCharValue": "status_code"}, {"VarCharValue": "count_requests"}]},
            {"Data": [{"VarCharValue": "404"}, {"VarCharValue": "37"}]},
        ]
    }
}


def errors(*codes: int) -> dict[int, OpenApiResponse]:
    """Return the documented errors of a route."""
    return {code: OpenApiResponse(Error, description=STATUSES[code]) for code in codes}


def parameter(name: str, description: str, type_: Any = OpenApiTypes.STR, **more: Any) -> OpenApiParameter:
    """Return a documented query parameter."""
    return OpenApiParameter(name, type_, OpenApiParameter.QUERY, description=description, **more)


_HEADERS = [
    OpenApiParameter(name, type_, OpenApiParameter.HEADER, description=text, response=[200])
    for name, type_, text in (
        ("X-Table-Version", OpenApiTypes.INT, "version of the table that was read"),
        ("X-Rows-Scanned", OpenApiTypes.INT, "rows looked at"),
        ("X-Bytes-Scanned", OpenApiTypes.INT, "bytes of the files opened"),
        ("X-Elapsed-Ms", OpenApiTypes.INT, "milliseconds"),
        ("X-Next-Page", OpenApiTypes.STR, "token for `page`; missing where nothing more can come"),
    )
]
QUERY: dict[str, Any] = {
    "operation_id": "query_table",
    "summary": "Rows of a table that fulfil a condition",
    "tags": ["query"],
    "parameters": [
        parameter(
            "table",
            f"one of {', '.join(access.known())}, a bare dataset (its silver table) or metric (gold), or kafka_ing_…",
            required=True,
            examples=[OpenApiExample("gold", "gold.status_code_counts"), OpenApiExample("silver", "silver.logs")],
        ),
        parameter(
            "limit",
            "rows of a page",
            {"type": "integer", "minimum": 1, "maximum": limits.ROWS, "default": limits.DEFAULT_ROWS},
        ),
        parameter(
            "filter",
            "One condition over the columns: comparisons, AND OR NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL, literals, "
            "DATE '…' and TIMESTAMP '…'. No functions, arithmetic or statements.",
            examples=[OpenApiExample("errors", "status_code >= 400 AND status_code < 600")],
        ),
        parameter("columns", "names with commas between; all where left out", examples=[]),
        parameter("page", "the X-Next-Page of the answer before, with the same table and filter"),
        parameter("as_of", "a version, or a time in ISO 8601, to read the table as it was"),
        *_HEADERS,
    ],
    "responses": {
        (200, JSON): OpenApiResponse(ResultSet, examples=[OpenApiExample("rows", EXAMPLE)]),
        (200, CSV): OpenApiTypes.STR,
        (200, ARROW): OpenApiTypes.BINARY,
        **errors(*STATUSES),
    },
}
