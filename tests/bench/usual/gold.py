"""The usual third job: the four metrics, each overwritten as Parquet.

spark-submit gold.py LAKE
"""

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F


def main(lake: str) -> None:
    """Compute the metrics from silver."""
    spark = SparkSession.builder.appName("usual gold").getOrCreate()

    def silver(name: str) -> DataFrame:
        return spark.read.parquet(f"{lake}/silver/{name}")

    content = F.coalesce("product", F.concat(F.lit("Post "), F.substring(F.md5("message"), 1, 12))).alias("contenu")
    metrics = {
        "total_sales_per_product": silver("transactions")
        .groupBy(F.col("Product").alias("produit"))
        .agg(F.sum("Amount").alias("total_ventes")),
        "status_code_counts": silver("logs")
        .groupBy(F.col("status").alias("status_code"))
        .agg(F.count("*").alias("count_requests")),
        "avg_likes_per_product": silver("social_data").groupBy(content).agg(F.avg("likes").alias("avg_likes")),
        "campaign_metrics": silver("ad_campaigns")
        .groupBy("campaign_id")
        .agg(F.sum("clicks").alias("total_clicks"), F.sum("impressions").alias("total_impressions")),
    }
    for name, metric in metrics.items():
        sys.stdout.write(f"gold {name}: {metric.count()} rows\n")
        metric.write.mode("overwrite").parquet(f"{lake}/gold/{name}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
