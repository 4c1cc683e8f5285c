"""What the charts of gold show and what they say about the rest."""

from decimal import Decimal
from pathlib import Path

import pytest
from sample_lake import write_gold

from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from viz import gold_data

CASES = {
    "all products where there are few": (
        "total_sales_per_product",
        [{"produit": "a", "total_ventes": Decimal("1.50")}],
        ["a"],
        "1 product, all of them shown",
    ),
    "the part of the sales that is not shown": (
        "total_sales_per_product",
        [{"produit": f"p{n:02d}", "total_ventes": Decimal(100 - n)} for n in range(41)],
        [f"p{n:02d}" for n in range(20)],
        "The first 20 of 41 products, the other 21: 1,470.00 (44.8%) of 3,280.00 in all",
    ),
    "no part of sales that are no more than refunds": (
        "total_sales_per_product",
        [{"produit": f"p{n:02d}", "total_ventes": Decimal(-n)} for n in range(21)],
        [f"p{n:02d}" for n in range(20)],
        "The first 20 of 21 products, the other 1: -20.00 of -210.00 in all",
    ),
    "status codes in their order, with the failures": (
        "status_code_counts",
        [{"status_code": code, "count_requests": n} for code, n in ((500, 1), (200, 6), (404, 3))],
        [200, 404, 500],
        "4 of 10 requests failed (40.0%, 4xx and 5xx); 3 status codes, all of them shown",
    ),
    "no failures": (
        "status_code_counts",
        [{"status_code": 200, "count_requests": 1}],
        [200],
        "0 of 1 request failed (0.0%, 4xx and 5xx); 1 status code, all of them shown",
    ),
    "the range of the likes that are not shown": (
        "avg_likes_per_product",
        [{"contenu": f"c{n:02d}", "avg_likes": 50.5 - n} for n in range(30)],
        [f"c{n:02d}" for n in range(20)],
        "The first 20 of 30 contents, the other 10: between 31.5 and 21.5",
    ),
    "campaigns by clicks": (
        "campaign_metrics",
        [{"campaign_id": c, "total_clicks": n, "total_impressions": 100} for c, n in (("a", 1), ("b", 3))],
        ["b", "a"],
        "2 campaigns, all of them shown",
    ),
    "campaigns without a click or an impression": (
        "campaign_metrics",
        [{"campaign_id": "a", "total_clicks": 0, "total_impressions": 0}],
        ["a"],
        "1 campaign, all of them shown",
    ),
}


@pytest.mark.parametrize(("name", "rows", "first", "said"), CASES.values(), ids=CASES)
def test_the_chart_shows(
    tmp_path: Path, name: str, rows: list[dict[str, object]], first: list[object], said: str
) -> None:
    url = tmp_path.as_uri()
    write_gold(url, name, rows, 1)
    frame, finding = gold_data.shown(Lake(url).open(f"gold.{name}"), METRICS[name])
    assert list(frame.iloc[:, 0]) == first
    assert finding == said
