"""The query route of the API, as tests ask it."""

from typing import Any

URL = "/api/query-table/"


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """Return Athena's shape as dictionaries."""
    head, *body = answer.json()["ResultSet"]["Rows"]
    names = [cell["VarCharValue"] for cell in head["Data"]]
    return [dict(zip(names, (cell.get("VarCharValue") for cell in row["Data"]), strict=True)) for row in body]
