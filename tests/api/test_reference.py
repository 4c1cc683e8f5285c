"""The OpenAPI document, the Postman collection and the pages that show them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from openapi_spec_validator import validate

from reference.views import document

DOCS = Path(__file__).parents[2] / "docs"


def schema() -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(document())
    return parsed


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, op) for path, methods in schema()["paths"].items() for method, op in methods.items()]


def test_the_document_is_valid_openapi_3_1(anonymous: Client) -> None:
    answer = anonymous.get("/api/schema/")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")
    validate(answer.json())


def test_the_generator_has_nothing_to_complain_about(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", "/dev/null")
    assert "arning" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["openapi.yaml", "postman_collection.json"])
def test_the_committed_documents_are_what_the_code_says(name: str, tmp_path: Path) -> None:
    call_command("write_docs", "--out", str(tmp_path))
    assert (DOCS / name).read_text() == (tmp_path / name).read_text(), "run `python api/manage.py write_docs`"


def test_every_operation_says_what_it_answers_with_an_example() -> None:
    for path, method, operation in operations():
        good = operation["responses"]["200"]
        assert operation["tags"], (path, method)
        assert operation["description"] or operation.get("summary"), (path, method)
        assert good["content"], (path, method)
        assert {"400", "414"} <= set(operation["responses"]), (path, method)


def test_every_secured_operation_documents_401_and_every_other_is_known() -> None:
    public = {path for path, _, operation in operations() if not any(operation.get("security", []))}
    assert public == {"/api/token/", "/api/token/refresh/", "/api/token/logout/", "/api/health/"}
    assert all("401" in op["responses"] for path, _, op in operations() if path not in public)


def test_the_examples_of_the_metrics_are_those_of_the_contract() -> None:
    paths = yaml.safe_load((DOCS / "openapi.yaml").read_text())["paths"]
    media = paths["/api/total-sales-per-product/"]["get"]["responses"]["200"]["content"]["application/json"]
    (example,) = media["examples"].values()
    assert example["value"] == [{"produit": "Produit A", "total_ventes": 1500.0}]


@pytest.mark.parametrize("page", ["/api/docs/", "/api/redoc/"])
def test_a_page_loads_nothing_from_elsewhere_and_all_it_loads_is_there(page: str, anonymous: Client) -> None:
    answer = anonymous.get(page)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "//" not in html
    assert not re.search(r"<script>|<style>|\son\w+=", html)
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href|data-schema|spec-url)="([^"]+)"', html)
    assert len(loaded) >= 2
    for path in loaded:
        asset = anonymous.get(path)
        assert asset.status_code == 200, path
        assert len(asset.getvalue()) > 100


def test_the_collection_logs_in_first_and_keeps_the_token() -> None:
    collection = json.loads((DOCS / "postman_collection.json").read_text())
    login = collection["item"][0]["item"][0]
    assert login["request"]["url"]["raw"] == "{{url}}/api/token/"
    assert any("collectionVariables.set('access'" in line for line in login["event"][0]["script"]["exec"])
    assert collection["auth"]["bearer"][0]["value"] == "{{access}}"
    assert not next(v["value"] for v in collection["variable"] if v["key"] == "password")


def test_the_collection_has_every_operation() -> None:
    collection = json.loads((DOCS / "postman_collection.json").read_text())
    items = [item["request"] for folder in collection["item"] for item in folder["item"]]
    urls = {(r["method"].lower(), re.sub(r":(\w+)", r"{\1}", r["url"]["raw"].removeprefix("{{url}}"))) for r in items}
    assert urls == {(method, path) for path, method, _ in operations()}
