"""Advertising events: how often a campaign was shown and clicked in one report."""

from lakehouse.model import Column, Dataset, Field

DATASET = Dataset(
    name="ad_campaigns",
    topic="ad_campaigns_topic",
    formats=("json",),
    fields=(
        Field("event_id", Column("event_id", "string"), required=False),
        Field("campaign_id", Column("campaign_id", "string")),
        Field("start_date", Column("start_date", "date")),
        Field("end_date", Column("end_date", "date")),
        Field("budget", Column("budget", "decimal(14,2)")),
        Field("clicks", Column("clicks", "bigint")),
        Field("impressions", Column("impressions", "bigint")),
        Field("ctr", Column("ctr", "double", comment="clicks / impressions, a fraction")),
    ),
    key="event_id",
    time_column="start_date",
)
