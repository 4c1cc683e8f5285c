"""The four metric routes."""

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
    expected = sorted(rows, key=lambda row: row[names[0]])
    assert answer.status_code == 200
    assert expected
    assert answer.json(parse_float=Decimal if metric == "total_sales_per_product" else float) == expected


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_needs_a_token(metric: str, anonymous: Client, served: str) -> None:
    assert anonymous.get(ROUTES[metric]).status_code == 401
