"""The requests in docs/queries.md, sent as they stand there."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from api_query import URL, rows_of
from api_users import token_client
from django.contrib.auth.models import User
from django.test import Client

DOCUMENT = (Path(__file__).resolve().parents[2] / "docs/queries.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"```bash\n(.*?)```", DOCUMENT, re.DOTALL) if "query-table" in block]


METRICS = re.findall(r"```bash\n([^`]*/api/[a-z-]+-per-product/.*?)```", DOCUMENT, re.DOTALL)


def parameters(block: str) -> dict[str, str]:
    """Return the parameters of a curl command."""
    return dict(re.findall(r'--data-urlencode "(\w+)=(.*?)"', block))


def test_the_documented_question_of_a_metric_has_an_answer(client: Client, served: str) -> None:
    asked = [parameters(block) for block in METRICS if "from=" in block]
    assert len(asked) == 1
    assert client.get("/api/total-sales-per-product/", asked[0]).json()


def test_there_is_an_example_for_every_dataset() -> None:
    datasets = {parameters(block)["table"].partition(".")[2] for block in BLOCKS}
    assert datasets == {"transactions", "logs", "social_data", "ad_campaigns"}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_documented_request_has_an_answer(block: str, engineer: Client, served: str) -> None:
    answer = engineer.get(URL, parameters(block))
    assert answer.status_code == 200, answer.content
    assert rows_of(answer)


def test_the_documented_export_has_an_answer(engineer: Client, served: str) -> None:
    (block,) = re.findall(r"```bash\n([^`]*/api/export/.*?)```", DOCUMENT, re.DOTALL)
    answer = engineer.get("/api/export/", parameters(block), headers={"Accept": "application/vnd.apache.parquet"})
    assert int(answer["X-Total-Rows"]) > 0
    assert answer.getvalue()[-4:] == b"PAR1"
    answer.close()


def test_the_documented_sql_has_an_answer(make_user: Callable[..., User], served: str) -> None:
    (body,) = re.findall(r"/api/sql/\" \\\n\s+-d '(.*?)'", DOCUMENT)
    analyst = token_client(make_user("ann", groups=("analyst", "engineer")))
    answer = analyst.post("/api/sql/", json.loads(body), content_type="application/json")
    assert len(answer.json()["ResultSet"]["Rows"]) > 3


def test_the_documented_filter_on_errors_gives_errors_only(engineer: Client, served: str) -> None:
    rows = rows_of(engineer.get(URL, parameters(BLOCKS[0])))
    assert all(400 <= int(row["status"]) <= 599 and row["time"] >= "2024-11-01" for row in rows)
    everything = rows_of(engineer.get(URL, {"table": "silver.logs", "limit": "1000"}))
    wanted = [row for row in everything if 400 <= int(row["status"]) <= 599 and row["time"] >= "2024-11-01"]
    assert len(rows) == len(wanted)
