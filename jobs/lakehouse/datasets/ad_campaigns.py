"""Advertising events: how often a campaign was shown and clicked in one report."""

from lakehouse.model import Chart, Column, Dataset, Field, Rule

# The source rounds its click-through rate.
_CTR_TOLERANCE = 0.001
_EXPECTED_CTR = "CASE WHEN impressions = 0 THEN 0.0 ELSE clicks / impressions END"

RULES = (
    Rule("negative", "clicks < 0 OR impressions < 0 OR budget < 0"),
    Rule(
        "clicks_above_impressions",
        "clicks > impressions",
        "There are more clicks than impressions.",
        "Look for events of the campaign that were counted twice or not at all.",
    ),
    Rule(
        "end_before_start",
        "end_date < start_date",
        "The campaign ends before it starts.",
        "Swap or mend its dates at the source, and send the event again.",
    ),
    Rule("date_range", "EXTRACT(YEAR FROM start_date) < 2000"),
    Rule(
        "ctr_mismatch",
        f"ABS(ctr - {_EXPECTED_CTR}) > {_CTR_TOLERANCE}",
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
