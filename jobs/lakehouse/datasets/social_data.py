"""Posts on social networks and how they were received."""

from datetime import timedelta

import polars as pl

from lakehouse.judging.columns import date_range, text
from lakehouse.judging.types import epoch
from lakehouse.model import Chart, Column, Dataset, Field, Rule

RULES = (
    Rule("negative", (pl.col("likes") < 0) | (pl.col("retweets") < 0)),
    Rule("date_range", date_range("post_date", ahead=timedelta(days=1))),
)

DATASET = Dataset(
    name="social_data",
    topic="social_data_topic",
    formats=("json",),
    fields=(
        Field("post_id", Column("post_id", "string"), required=False),
        Field("user", Column("user", "string", personal=True)),
        Field("message", Column("message", "string", personal=True)),
        Field("product", Column("product", "string"), required=False),
        Field("post_date", Column("post_date", "timestamp")),
        Field("likes", Column("likes", "int")),
        Field("retweets", Column("retweets", "int")),
    ),
    key="post_id",
    time_column="post_date",
    rules=RULES,
    derived=(pl.coalesce("post_date", epoch(text("post_date"))).alias("post_date"),),
    chart=Chart(
        "doubling", "How many likes a post gets", "likes, from the number at a bar up to the next one", "likes"
    ),
)
