"""What the schema says about the catalogue routes."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse
from rest_framework import serializers

from catalogue import shapes
from reference.documents import errors

_NAME = OpenApiParameter(
    "name",
    str,
    OpenApiParameter.PATH,
    description="a table's full name, or a bare metric or dataset",
    examples=[OpenApiExample("gold", "gold.total_sales_per_product"), OpenApiExample("silver", "silver.transactions")],
)
_LIMIT = OpenApiParameter(
    "limit",
    {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
    OpenApiParameter.QUERY,
    description="how many, newest first",
)
_RUN = {
    "run_id": "20240131T120000-1f2e3d4c",
    "job": "pipeline",
    "status": "succeeded",
    "started_at": "2024-01-31T12:00:00.000Z",
    "ended_at": "2024-01-31T12:00:21.500Z",
    "seconds": 21.5,
    "code_version": "1a2b3c4",
    "counts": {"silver.logs": {"rows": 1000, "seconds": 3.1}},
    "error": None,
}
_LINE = {
    "dataset": "transactions",
    "from_files": 1000,
    "offsets": 220,
    "gaps": 0,
    "lost": 0,
    "source": 1220,
    "bronze": 1220,
    "silver": 1176,
    "quarantined": 44,
    "reasons": {"duplicate": 20, "date": 24},
    "waiting": 0,
    "is_closed": True,
}
_SOURCE = {
    "kind": "file",
    "source": "transactions.csv",
    "source_id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "first_position": 0,
    "last_position": 999,
    "records": 1000,
    "good": 980,
    "landed": {
        "name": "transactions.csv",
        "size": 93211,
        "records": 1000,
        "seen_at": "2024-01-31T12:00:01.000Z",
        "run_id": _RUN["run_id"],
    },
}
_LINEAGE = {
    "table": "gold.total_sales_per_product",
    "steps": [
        {"table": "gold.total_sales_per_product", "version": 1, "run_id": _RUN["run_id"]},
        {"table": "silver.transactions", "version": 2, "run_id": None},
    ],
    "sources_in_all": 1,
    "sources": [_SOURCE],
}


def _described(
    summary: str,
    operation: str,
    answer: serializers.BaseSerializer[Any],
    codes: tuple[int, ...],
    parameters: tuple[OpenApiParameter, ...] = (),
    example: object = None,
) -> dict[str, Any]:
    examples = [] if example is None else [OpenApiExample("answer", example)]
    return {
        "operation_id": operation,
        "summary": summary,
        "tags": ["catalogue"],
        "parameters": list(parameters),
        "responses": {200: OpenApiResponse(answer, summary, examples), **errors(400, 401, *codes, 503)},
    }


TABLES = _described("The tables that you may read", "tables", shapes.Summary(many=True), ())
TABLE = _described("A table's columns, state and origin", "table", shapes.Description(), (403, 404), (_NAME,))
HISTORY = _described(
    "A table's commits, newest first", "table_history", shapes.Commit(many=True), (403, 404), (_NAME, _LIMIT)
)
LINEAGE = _described(
    "The files and offsets behind a table", "table_lineage", shapes.Lineage(), (403, 404), (_NAME,), _LINEAGE
)
LEDGER = _described("The balance sheet per dataset", "ledger", shapes.Line(many=True), (403,), (), _LINE)
RECORD = _described(
    "A record's passport",
    "record",
    shapes.Passport(),
    (403, 404),
    (
        OpenApiParameter("source", str, required=True, description="its file's name, or its topic"),
        OpenApiParameter("source_id", str, required=True, description="SHA-256 of the file, or the partition"),
        OpenApiParameter(
            "position", {"type": "integer", "minimum": 0}, required=True, description="its number from 0, or its offset"
        ),
    ),
)
MEMBERS = _described(
    "The records behind a group of a metric, 100 a page",
    "members",
    shapes.Member(many=True),
    (403, 404),
    (
        OpenApiParameter("name", str, OpenApiParameter.PATH, description="the metric, as in its route"),
        OpenApiParameter("group", str, required=True, description="a value of the metric's first column, as text"),
        OpenApiParameter("page", {"type": "integer", "minimum": 1, "maximum": 1_000_000}, description="from 1"),
    ),
)
REASONS = _described("Why records are in quarantine and files refused", "reasons", shapes.Reason(many=True), ())
RUNS = _described("The newest runs of the jobs", "runs", shapes.Run(many=True), (403,), (_LIMIT,), _RUN)
