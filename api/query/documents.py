"""What the schema says about the query route."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse
from rest_framework import serializers

from config.media import ARROW, CSV, JSON, PARQUET
from config.parameters import AS_OF, RUN, text, whole
from lakehouse.query import limits
from lakes import access
from reference.documents import errors, response_header


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


EXAMPLE = {
    "ResultSet": {
        "Rows": [
            {"Data": [{"VarCharValue": "status_code"}, {"VarCharValue": "count_requests"}]},
            {"Data": [{"VarCharValue": "404"}, {"VarCharValue": "37"}]},
        ]
    }
}


PARAMETERS = [
    text(
        "table",
        f"one of {', '.join(access.known())}; a bare dataset or kafka_ing_<dataset> means its silver table, a bare "
        "metric its gold table",
        required=True,
        gold="gold.status_code_counts",
        silver="silver.logs",
    ),
    whole("limit", "rows of a page", most=limits.ROWS, default=limits.DEFAULT_ROWS),
    text(
        "filter",
        "One condition over the columns: comparisons, AND OR NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL, literals, "
        "DATE '…' and TIMESTAMP '…'. No functions, arithmetic or statements.",
        errors="status_code >= 400 AND status_code < 600",
    ),
    text("columns", "names with commas between; all where left out"),
    text("page", "the X-Next-Page of the answer before, with the same table and filter"),
    AS_OF,
    RUN,
]
_HEADERS = [
    response_header("X-Table-Version", "version of the table that was read", int),
    response_header("X-Rows-Scanned", "rows looked at", int),
    response_header("X-Bytes-Scanned", "bytes of the files opened", int),
    response_header("X-Elapsed-Ms", "milliseconds from taking a slot to the last row", int),
    response_header("X-Next-Page", "token for `page`; missing where nothing more can come"),
    response_header("Link", "the next page (RFC 8288); missing where nothing more can come"),
]
# What a whole answer has no use for.
EXPORT_PARAMETERS = [parameter for parameter in PARAMETERS if parameter.name not in ("limit", "page")]
EXPORT: dict[str, Any] = {
    "operation_id": "export",
    "summary": "All rows of a table that fulfil a condition, as one file",
    "description": (
        "Nothing is sent before the last row is written: an answer is whole or an error, and its Content-Length says "
        "where it ends: a client that gets less has no answer."
    ),
    "tags": ["query"],
    "parameters": [
        *EXPORT_PARAMETERS,
        response_header("X-Table-Version", "version of the table that was read", int),
        response_header("X-Total-Rows", "rows of the file", int),
    ],
    "responses": {
        (200, CSV): OpenApiTypes.STR,
        (200, ARROW): OpenApiTypes.BINARY,
        (200, PARQUET): OpenApiTypes.BINARY,
        **errors(403, 404, 410, 429, 503),
    },
}
QUERY: dict[str, Any] = {
    "operation_id": "query_table",
    "summary": "Rows of a table that fulfil a condition",
    "tags": ["query"],
    "parameters": [*PARAMETERS, *_HEADERS],
    "responses": {
        (200, JSON): OpenApiResponse(ResultSet, examples=[OpenApiExample("rows", EXAMPLE)]),
        (200, CSV): OpenApiTypes.STR,
        (200, ARROW): OpenApiTypes.BINARY,
        **errors(403, 404, 410, 429, 503),
    },
}
