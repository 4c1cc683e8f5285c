"""Advertising events: how often a campaign was shown and clicked in one report."""

from datetime import date

import polars as pl

from lakehouse.model import Chart, Column, Dataset, Field, Rule

# The source rounds its click-through rate.
_CTR_TOLERANCE = 0.001

_CLICKS, _IMPRESSIONS = pl.col("clicks"), pl.col("impressions")
_EXPECTED_CTR = pl.when(_IMPRESSIONS == 0).then(0.0).otherwise(_CLICKS / _IMPRESSIONS)

RULES = (
    Rule("negative", (_CLICKS < 0) | (_IMPRESSIONS < 0) | (pl.col("budget") < 0)),
    Rule(
        "clicks_above_impressions",
        _CLICKS > _IMPRESSIONS,
        "There are more clicks than impressions.",
        "Look for events of the campaign that were counted twice or not at all.",
    ),
    Rule(
        "end_before_start",
        pl.col("end_date") < pl.col("start_date"),
        "The campaign ends before it starts.",
        "Swap or mend its dates at the source, and send the event again.",
    ),
    Rule("date_range", pl.col("start_date") < date(2000, 1, 1)),
    Rule(
        "ctr_mismatch",
        (pl.col("ctr") - _EXPECTED_CTR).abs() > _CTR_TOLERANCE,
        f"The click-through rate is not clicks / impressions to within {_CTR_TOLERANCE}.",
        "Compute it from the event's own clicks and impressions, as a fraction.",
    ),
)

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
    rules=RULES,
    chart=Chart("histogram", "How often an impression is clicked", "click rate of a report in %", "100 * ctr"),
)
