"""Clicks and impressions per campaign."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def compute(events: DataFrame) -> DataFrame:
    """Return the sums over each campaign's events: `campaign_id`, `total_clicks`, `total_impressions`."""
    return (
        events.groupBy("campaign_id")
        .agg(F.sum("clicks").alias("total_clicks"), F.sum("impressions").alias("total_impressions"))
        .select("campaign_id", "total_clicks", "total_impressions")
    )
