"""Gold of the sample lake, computed from good silver rows in plain Python."""

from collections import defaultdict
from decimal import Decimal
from hashlib import md5
from typing import Any

Row = dict[str, Any]


def _groups(rows: list[Row], key: str) -> dict[object, list[Row]]:
    groups: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[key]].append(row)
    return groups


def _sales(rows: list[Row]) -> list[Row]:
    sums = {k: sum((r["amount"] for r in g), Decimal(0)) for k, g in _groups(rows, "product").items()}
    return [{"produit": product, "total_ventes": total} for product, total in sums.items()]


def _statuses(rows: list[Row]) -> list[Row]:
    return [{"status_code": status, "count_requests": len(g)} for status, g in _groups(rows, "status").items()]


def content(product: object, message: object) -> str:
    """Return the label of a post: its product, else one that its message makes and does not tell."""
    return str(product or f"Post {md5(str(message).encode(), usedforsecurity=False).hexdigest()[:12]}")


def _likes(rows: list[Row]) -> list[Row]:
    named = [{"content": content(r["product"], r["message"]), "likes": r["likes"]} for r in rows]
    sums = {k: (sum(r["likes"] for r in g), len(g)) for k, g in _groups(named, "content").items()}
    return [
        {"contenu": label, "sum_likes": likes, "count_posts": posts, "avg_likes": likes / posts}
        for label, (likes, posts) in sums.items()
    ]


def _campaigns(rows: list[Row]) -> list[Row]:
    return [
        {
            "campaign_id": campaign,
            "total_clicks": sum(r["clicks"] for r in g),
            "total_impressions": sum(r["impressions"] for r in g),
        }
        for campaign, g in _groups(rows, "campaign_id").items()
    ]


METRIC_ROWS = {
    "total_sales_per_product": _sales,
    "status_code_counts": _statuses,
    "avg_likes_per_product": _likes,
    "campaign_metrics": _campaigns,
}
