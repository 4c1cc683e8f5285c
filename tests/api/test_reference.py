"""The OpenAPI document and the page that shows it."""

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


def test_the_committed_document_is_what_the_code_says(tmp_path: Path) -> None:
    call_command("spectacular", "--file", str(tmp_path / "openapi.yaml"))
    made = (tmp_path / "openapi.yaml").read_text()
    assert (DOCS / "openapi.yaml").read_text() == made, (
        "run `python api/manage.py spectacular --file docs/openapi.yaml`"
    )


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


def test_the_page_loads_nothing_from_elsewhere_and_all_it_loads_is_there(anonymous: Client) -> None:
    answer = anonymous.get("/api/docs/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert "//" not in html
    assert not re.search(r"<script>|<style>|\son\w+=", html)
    assert "script-src 'self';" in answer["Content-Security-Policy"]
    loaded = re.findall(r'(?:src|href|data-schema)="([^"]+)"', html)
    assert len(loaded) >= 2
    for path in loaded:
        asset = anonymous.get(path)
        assert asset.status_code == 200, path
        assert len(asset.getvalue()) > 100
