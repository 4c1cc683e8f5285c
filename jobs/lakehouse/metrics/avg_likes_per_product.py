"""Mean likes per product."""

from lakehouse.model import Aggregate, Chart, Column, Metric

METRIC = Metric(
    name="avg_likes_per_product",
    dataset="social_data",
    key=Column("contenu", "string"),
    # Posts that name no product are told apart by what they say. The message itself is personal and not for everybody
    # who reads gold; of its hash, 48 bits are enough for millions of messages.
    group="coalesce(product, concat('Post ', substring(md5(message), 1, 12)))",
    # A mean of means is none: sum and count can be added up.
    aggregates=(
        Aggregate(Column("sum_likes", "bigint"), "sum(likes)", "sum(sum_likes)"),
        Aggregate(Column("count_posts", "bigint"), "count(*)", "sum(count_posts)"),
    ),
    derived=((Column("avg_likes", "double"), "sum_likes / count_posts"),),
    answer=("contenu", "avg_likes"),
    comment="Mean likes, not rounded, per product, or per message (as `Post` and a hash) where a post names none.",
    chart=Chart("means", "Likes per product or post", "mean likes per post", noun="content", event="post"),
)
