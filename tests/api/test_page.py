"""The page as the server gives it: its headers, its files, and no data in it."""

import hashlib
import json
import re
from pathlib import Path

import pytest
from django.test import Client

from lakehouse.metrics import METRICS
from lakehouse.settings import ROOT

STATIC_FILES = ROOT / "api/page/static"


def test_the_page_needs_no_token_and_no_lake(anonymous: Client) -> None:
    answer = anonymous.get("/")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "no-cache"


def test_scripts_and_styles_come_from_files_of_this_server_alone(anonymous: Client) -> None:
    answer = anonymous.get("/")
    rules = dict(rule.split(" ", 1) for rule in answer["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert {rules[kind] for kind in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    text = answer.content.decode()
    assert re.findall(r"\s(?:style|on\w+)=", text) == []
    assert re.findall(r"<script(?![^>]*(?: src=|application/json))", text) == []
    assert re.findall(r'(?:src|href)="(?!/|#)', text) == []


def test_every_file_of_the_page_is_served_with_its_type(anonymous: Client) -> None:
    waiting, seen = ["/"], {}
    while waiting:
        path = waiting.pop()
        answer = anonymous.get(path)
        assert answer.status_code == 200, path
        seen[path] = answer["Content-Type"]
        text = answer.getvalue().decode()
        found = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        found += [f"/static/page/{name}" for name in re.findall(r'from "\./([\w.]+)"', text)]
        waiting += [name for name in found if name not in seen]
    scripts = {name: kind for name, kind in seen.items() if name.endswith(".js")}
    assert set(scripts) == {f"/static/{path.relative_to(STATIC_FILES)}" for path in STATIC_FILES.rglob("*.js")}
    assert all("javascript" in kind for kind in scripts.values())
    assert seen["/static/page/style.css"].startswith("text/css")
    assert seen["/static/page/icon.svg"] == "image/svg+xml"


@pytest.mark.parametrize("folder", [STATIC_FILES / "vendor", ROOT / "tests/api/vendor"], ids=["page", "tests"])
def test_what_others_wrote_is_as_they_released_it_with_its_licence(folder: Path) -> None:
    sums = {file: digest for digest, file in map(str.split, (folder / "SHA512SUMS").read_text().splitlines())}
    assert set(sums) == {path.name for path in folder.glob("*.js")}
    for name, digest in sums.items():
        assert hashlib.sha512((folder / name).read_bytes()).hexdigest() == digest
        assert (folder / f"{name.split('.')[0]}.LICENSE").read_text()


def test_the_script_learns_every_metric_and_its_route_from_the_registry(
    anonymous: Client, client: Client, served: str
) -> None:
    text = anonymous.get("/").content.decode()
    (told,) = re.findall(r'<script id="metrics" type="application/json">(.*?)</script>', text, re.S)
    known = json.loads(told)
    assert [metric["name"] for metric in known] == list(METRICS)
    for metric in known:
        answer = client.get(f"/api/{metric['route']}")
        assert list(answer.json()[0]) == [column["name"] for column in metric["columns"]]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_page_can_only_be_read(anonymous: Client, method: str) -> None:
    assert getattr(anonymous, method)("/").status_code in (403, 405)


def test_only_files_of_the_page_are_under_static(anonymous: Client) -> None:
    for path in ("../settings.py", "..%2f..%2fconfig/settings.py", "page/../../views.py", "page/", "page"):
        assert anonymous.get(f"/static/{path}").status_code == 404


STATIC = ("page/style.css", "page/icon.svg", "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js")


@pytest.mark.parametrize("path", STATIC)
def test_browsers_ask_for_static_files_each_time_and_are_sent_new_ones_only(path: str, anonymous: Client) -> None:
    first = anonymous.get(f"/static/{path}")
    content = first.getvalue()
    assert (first.status_code, first["Cache-Control"]) == (200, "max-age=0, public")
    again = anonymous.get(f"/static/{path}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.getvalue()) == (304, b"")
    assert (again["Cache-Control"], again["ETag"]) == ("max-age=0, public", first["ETag"])
    other = anonymous.get(f"/static/{path}", headers={"If-None-Match": '"another"'})
    assert other.getvalue() == content
