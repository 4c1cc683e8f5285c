"""Rules for advertising events."""

from functools import reduce

from pyspark.sql import functions as F

from lakehouse.judge import Rule

# The source rounds its click-through rate.
_CTR_TOLERANCE = 0.001


def rules() -> list[Rule]:
    """Return the rules on ranges and on the agreement of clicks, impressions and click-through rate."""
    clicks, impressions, ctr = F.col("clicks"), F.col("impressions"), F.col("ctr")
    expected = F.when(impressions == 0, F.lit(0.0)).otherwise(F.try_divide(clicks, impressions))
    checks = [
        clicks < 0,
        impressions < 0,
        clicks > impressions,
        F.col("budget") < 0,
        F.col("end_date") < F.col("start_date"),
        F.col("start_date") < F.lit("2000-01-01").cast("date"),
        F.abs(ctr - expected) > _CTR_TOLERANCE,
    ]
    return [("range", reduce(lambda a, b: a | b, (F.coalesce(check, F.lit(False)) for check in checks)))]
