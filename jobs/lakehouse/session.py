"""The only module that starts Spark."""

from pyspark.sql import SparkSession

# What the jobs' correctness rests on, whatever the defaults of the cluster are.
_REQUIRED = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # Datasets run side by side: no one waits behind another's large job.
    "spark.scheduler.mode": "FAIR",
}


def start(job: str) -> SparkSession:
    """Return the Spark session of a job; its other settings are those that spark-submit was given."""
    builder = SparkSession.builder.appName(f"lakehouse {job}")
    for name, value in _REQUIRED.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
