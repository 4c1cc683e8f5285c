"""Mean likes per product."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# A message stands for the product where the post names none; longer ones are told apart by their beginning only.
_MESSAGE_CHARACTERS = 200


def compute(posts: DataFrame) -> DataFrame:
    """Return the mean of likes per product or message: `contenu`, `avg_likes`, not rounded."""
    content = F.coalesce("product", F.substring("message", 1, _MESSAGE_CHARACTERS))
    return posts.groupBy(content.alias("contenu")).agg(F.avg("likes").alias("avg_likes")).select("contenu", "avg_likes")
