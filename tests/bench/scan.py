"""Spark's bare scan of the sources: each is read once and nothing is done with it but counting.

jobs/submit.sh tests/bench/scan.py INBOX BROKERS TOPIC OUT
"""

import json
import sys
from pathlib import Path

from pyspark.sql import DataFrame, Observation, SparkSession
from pyspark.sql import functions as F


def count(frame: DataFrame) -> int:
    """Read a frame to its end without keeping anything, and return its number of rows."""
    seen = Observation()
    frame.observe(seen, F.count("*").alias("rows")).write.format("noop").mode("overwrite").save()
    return int(seen.get["rows"])


def main(inbox: str, brokers: str, topic: str, out: str) -> None:
    """Count lines per file dataset and messages, and write them as JSON."""
    spark = SparkSession.builder.appName("bare scan").getOrCreate()
    counts = {
        folder.name: count(spark.read.text(folder.resolve().as_uri()))
        for folder in sorted(Path(inbox).iterdir())
        if folder.is_dir()
    }
    options = {"kafka.bootstrap.servers": brokers, "subscribe": topic, "startingOffsets": "earliest"}
    counts["ad_campaigns"] = count(spark.read.format("kafka").options(**options).load())
    Path(out).write_text(json.dumps(counts), encoding="utf-8")
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
