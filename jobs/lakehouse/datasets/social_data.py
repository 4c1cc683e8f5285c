"""Posts on social networks and how they were received."""

from lakehouse.model import Column, Dataset, Field

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
)
