"""The usual first job: read every source as it is, with its schema inferred, and overwrite Parquet.

spark-submit bronze.py INBOX BROKERS TOPIC LAKE
"""

import sys

from pyspark.sql import DataFrame, SparkSession


def save(frame: DataFrame, name: str, lake: str) -> None:
    """Write a frame to bronze and say how many rows it has."""
    sys.stdout.write(f"bronze {name}: {frame.count()} rows\n")
    frame.write.mode("overwrite").parquet(f"{lake}/bronze/{name}")


def main(inbox: str, brokers: str, topic: str, lake: str) -> None:
    """Bring files and messages into bronze."""
    spark = SparkSession.builder.appName("usual bronze").getOrCreate()
    files = f"file://{inbox}"
    save(spark.read.csv(f"{files}/transactions", header=True, inferSchema=True), "transactions", lake)
    save(spark.read.text(f"{files}/logs"), "logs", lake)
    save(spark.read.json(f"{files}/social_data", multiLine=True), "social_data", lake)
    events = (
        spark.read.format("kafka")
        .option("kafka.bootstrap.servers", brokers)
        .option("subscribe", topic)
        .option("startingOffsets", "earliest")
        .option("endingOffsets", "latest")
        .load()
    )
    save(events.selectExpr("CAST(value AS STRING) AS value"), "ad_campaigns", lake)
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
