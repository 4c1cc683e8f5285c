"""The four metric routes."""

import csv
import io
import json
from decimal import Decimal

import pytest
from django.test import Client

from lakehouse.lake import Lake, scan
from lakehouse.metrics import METRICS

ROUTES = {name: f"/api/{name.replace('_', '-')}/" for name in METRICS}


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_is_the_gold_table_sorted_by_its_first_column(metric: str, client: Client, served: str) -> None:
    answer = client.get(ROUTES[metric])
    names = [column.name for column in METRICS[metric].columns]
    rows = scan.read(Lake(served).open(f"gold.{metric}"), names).to_pylist()
    exact = [{n: Decimal(str(v)) if isinstance(v, float) else v for n, v in row.items()} for row in rows]
    assert answer.status_code == 200
    assert exact
    assert json.loads(answer.content, parse_float=Decimal) == sorted(exact, key=lambda row: row[names[0]])


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_needs_a_token(metric: str, anonymous: Client, served: str) -> None:
    assert anonymous.get(ROUTES[metric]).status_code == 401


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_as_csv_holds_the_same_values(metric: str, client: Client, served: str) -> None:
    answer = client.get(ROUTES[metric], headers={"Accept": "text/csv"})
    assert answer["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))
    wanted = json.loads(client.get(ROUTES[metric]).content, parse_float=str, parse_int=str)
    assert rows == wanted
    tag = {"Accept": "text/csv", "If-None-Match": answer["ETag"]}
    assert client.get(ROUTES[metric], headers=tag).status_code == 304
    assert client.get(ROUTES[metric])["ETag"] != answer["ETag"]


@pytest.mark.parametrize("query", ["?page=1&page=1", "?as_of=1&as_of=1", "?x=1", "?page=0", "?page=a"])
def test_a_parameter_is_known_and_given_once(query: str, client: Client, served: str) -> None:
    assert client.get(ROUTES["status_code_counts"] + query).status_code == 400
