"""The only module that starts Spark."""

from pyspark.sql import SparkSession


def start(job: str) -> SparkSession:
    """Return the Spark session of a job; its settings are those of spark-submit and conf/spark-defaults.conf."""
    return SparkSession.builder.appName(f"lakehouse {job}").getOrCreate()
