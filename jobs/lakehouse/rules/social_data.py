"""Rules for social posts."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.columns import epoch
from lakehouse.judge import Rule, date_range


def with_derived(df: DataFrame) -> DataFrame:
    """Read a post_date of 10 or 13 digits as seconds or milliseconds since 1970."""
    return df.withColumn("post_date", F.coalesce("post_date", epoch(F.col("text_post_date"))))


def rules() -> list[Rule]:
    """Return the rules on ranges."""
    return [
        ("range", (F.col("likes") < 0) | (F.col("retweets") < 0)),
        ("date_range", date_range("post_date", ahead="1 day")),
    ]
