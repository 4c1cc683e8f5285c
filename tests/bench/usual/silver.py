"""The usual second job: cast, take log lines apart, drop duplicates, and overwrite Parquet.

spark-submit silver.py LAKE
"""

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

LOG_FIELDS = {
    "ip": r"^(\S+)",
    "user": r"^\S+ \S+ (\S+)",
    "time": r"\[([^\]]+)\]",
    "method": r'"(\S+) ',
    "path": r'"\S+ (\S+) ',
    "protocol": r'"\S+ \S+ (\S+)"',
    "status": r'" (\d{3}) ',
    "bytes": r'" \d{3} (\S+)',
    "referer": r'" \d{3} \S+ "([^"]*)"',
    "agent": r'"([^"]*)"$',
}
EVENT = (
    "event_id STRING, campaign_id STRING, start_date DATE, end_date DATE, budget DOUBLE, "
    "clicks LONG, impressions LONG, ctr DOUBLE"
)


def transactions(bronze: DataFrame) -> DataFrame:
    """Return sales with their types."""
    return (
        bronze.withColumn("TransactionDate", F.to_timestamp("TransactionDate"))
        .withColumn("Quantity", F.col("Quantity").cast("int"))
        .withColumn("Amount", F.col("Amount").cast("double"))
        .dropna(subset=["TransactionID", "Product", "Amount"])
        .dropDuplicates(["TransactionID"])
    )


def logs(bronze: DataFrame) -> DataFrame:
    """Return requests, one regular expression per field."""
    fields = (F.regexp_extract("value", pattern, 1).alias(name) for name, pattern in LOG_FIELDS.items())
    return (
        bronze.select(*fields)
        .withColumn("time", F.to_timestamp("time", "dd/MMM/yyyy:HH:mm:ss Z"))
        .withColumn("status", F.col("status").cast("int"))
        .dropDuplicates()
    )


def social_data(bronze: DataFrame) -> DataFrame:
    """Return posts with their types."""
    return (
        bronze.withColumn("post_date", F.to_timestamp("post_date"))
        .withColumn("likes", F.col("likes").cast("int"))
        .withColumn("retweets", F.col("retweets").cast("int"))
        .dropDuplicates(["post_id"])
    )


def ad_campaigns(bronze: DataFrame) -> DataFrame:
    """Return events out of their JSON."""
    return bronze.select(F.from_json("value", EVENT).alias("event")).select("event.*").dropDuplicates(["event_id"])


def main(lake: str) -> None:
    """Bring bronze into silver."""
    spark = SparkSession.builder.appName("usual silver").getOrCreate()
    for clean in (transactions, logs, social_data, ad_campaigns):
        name = clean.__name__
        bronze = spark.read.parquet(f"{lake}/bronze/{name}")
        silver = clean(bronze)
        sys.stdout.write(f"silver {name}: {silver.count()} of {bronze.count()} rows\n")
        silver.write.mode("overwrite").parquet(f"{lake}/silver/{name}")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
