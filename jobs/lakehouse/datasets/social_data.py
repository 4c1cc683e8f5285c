"""Posts on social networks and how they were received."""

from lakehouse.model import Chart, Column, Dataset, Field, Rule

RULES = (
    Rule("negative", "likes < 0 OR retweets < 0"),
    Rule("date_range", "EXTRACT(YEAR FROM post_date) < 2000 OR post_date > ingested_at + INTERVAL '1 day'"),
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
        Field("post_date", Column("post_date", "timestamp"), formats=("epoch",)),
        Field("likes", Column("likes", "int")),
        Field("retweets", Column("retweets", "int")),
    ),
    key="post_id",
    time_column="post_date",
    rules=RULES,
    chart=Chart(
        "doubling", "How many likes a post gets", "likes, from the number at a bar up to the next one", "likes"
    ),
)
