"""Clicks and impressions per campaign."""

from lakehouse.model import Aggregate, Chart, Column, Metric

METRIC = Metric(
    name="campaign_metrics",
    dataset="ad_campaigns",
    key=Column("campaign_id", "string"),
    group="campaign_id",
    aggregates=(
        Aggregate(Column("total_clicks", "bigint"), "sum(clicks)", "sum(total_clicks)"),
        Aggregate(Column("total_impressions", "bigint"), "sum(impressions)", "sum(total_impressions)"),
    ),
    comment="Sums of clicks and impressions over the events of each campaign.",
    chart=Chart("rates", "Clicks and impressions per campaign", "click rate in %", noun="campaign", event="click"),
)
