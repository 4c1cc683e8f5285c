"""What the charts of gold show: the top of each metric, and a sentence about what is not shown."""

from collections.abc import Callable

import pandas as pd
from deltalake import DeltaTable

from lakehouse.frames import query
from viz.label import count

TOP = 20
Shown = tuple[pd.DataFrame, str]


def total_sales_per_product(gold: DeltaTable) -> Shown:
    """Return the products with the largest sales, and the part of the rest."""
    frame = query(f"select * from t order by total_ventes desc, produit limit {TOP}", t=gold)
    whole = query("select count(*) as groups, sum(total_ventes) as total from t", t=gold).iloc[0]
    if frame.empty:
        return frame, "No sales yet"
    rest = whole["total"] - frame["total_ventes"].sum()
    part = f" ({rest / whole['total']:.1%})" if whole["total"] > 0 else ""
    return frame, _shown(int(whole["groups"]), "product", f"{rest:,.2f}{part} of {whole['total']:,.2f} in all")


def status_code_counts(gold: DeltaTable) -> Shown:
    """Return the most frequent status codes, sorted by code, and the part of the requests that failed."""
    frame = query(
        "select *, sum(count_requests) over () as all_requests,"
        " sum(count_requests) filter (where status_code >= 400) over () as failed, count(*) over () as groups"
        f" from t order by count_requests desc, status_code limit {TOP}",
        t=gold,
    )
    if frame.empty:
        return frame, "No requests yet"
    requests, groups = int(frame["all_requests"].iloc[0]), int(frame["groups"].iloc[0])
    failed = int(frame["failed"].fillna(0).iloc[0])
    rest = 1 - frame["count_requests"].sum() / requests
    said = f"{failed:,} of {count(requests, 'request')} failed ({failed / requests:.1%}, 4xx and 5xx)"
    return frame.sort_values(
        "status_code"
    ), f"{said}; {_shown(groups, 'status code', f'{rest:.1%} of requests').lower()}"


def avg_likes_per_product(gold: DeltaTable) -> Shown:
    """Return the contents with the most likes per post, and the range of the rest."""
    frame = query(f"select * from t order by avg_likes desc, contenu limit {TOP}", t=gold)
    whole = query("select count(*) as groups, min(avg_likes) as low from t", t=gold).iloc[0]
    if frame.empty:
        return frame, "No posts yet"
    rest = f"between {frame['avg_likes'].min():,.1f} and {whole['low']:,.1f}"
    return frame, _shown(int(whole["groups"]), "content", rest)


def campaign_metrics(gold: DeltaTable) -> Shown:
    """Return the campaigns with the most clicks, with the click rate of all, and the part of the rest."""
    frame = query(
        "select *, count(*) over () as groups, sum(total_clicks) over () as all_clicks,"
        " cast(sum(total_clicks) over () as double) / nullif(sum(total_impressions) over (), 0) as overall_rate"
        f" from t order by total_clicks desc, campaign_id limit {TOP}",
        t=gold,
    )
    if frame.empty:
        return frame, "No campaigns yet"
    clicks = int(frame["all_clicks"].iloc[0])
    rest = 1 - frame["total_clicks"].sum() / clicks if clicks else 0.0
    frame["overall_rate"] = frame["overall_rate"].fillna(0.0)
    return frame, _shown(int(frame["groups"].iloc[0]), "campaign", f"{rest:.1%} of {count(clicks, 'click')}")


def _shown(groups: int, noun: str, rest: str) -> str:
    if groups <= TOP:
        return f"{count(groups, noun)}, all of them shown"
    return f"The first {TOP} of {count(groups, noun)}, the other {groups - TOP:,}: {rest}"


SELECT: dict[str, Callable[[DeltaTable], Shown]] = {
    "total_sales_per_product": total_sales_per_product,
    "status_code_counts": status_code_counts,
    "avg_likes_per_product": avg_likes_per_product,
    "campaign_metrics": campaign_metrics,
}
