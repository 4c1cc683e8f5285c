"""The registry of metrics; adding one is a line here, a module with its `compute`, and a view of the API.

A gold table's columns carry the names of the HTTP contract, so nothing is renamed on the way out. This file holds no
Spark, so that charts and API can read it.
"""

from lakehouse.model import Column, Metric

METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "total_sales_per_product",
            "transactions",
            ("product", "amount"),
            (Column("produit", "string"), Column("total_ventes", "decimal(38,2)")),
            "Sum of the amounts of all transactions per product.",
        ),
        Metric(
            "status_code_counts",
            "logs",
            ("status",),
            (Column("status_code", "int"), Column("count_requests", "bigint")),
            "Number of requests per HTTP status code.",
        ),
        Metric(
            "avg_likes_per_product",
            "social_data",
            ("product", "message", "likes"),
            (Column("contenu", "string"), Column("avg_likes", "double")),
            "Mean likes, not rounded, per product, or per message (its first 200 characters) where a post names none.",
        ),
        Metric(
            "campaign_metrics",
            "ad_campaigns",
            ("campaign_id", "clicks", "impressions"),
            (Column("campaign_id", "string"), Column("total_clicks", "bigint"), Column("total_impressions", "bigint")),
            "Sums of clicks and impressions over the events of each campaign.",
        ),
    )
}
