"""Spark's Thrift server over the gold tables, for tools that speak JDBC or ODBC; `make up PROFILE=sql` starts it.

It comes to HDFS as HDFS_ANALYST, who can read gold alone and write nothing, and answers queries of these tables alone
(docker/native/Gate.scala). Tables that are made later are there within seconds.
"""

import sys
import time
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from lakehouse import clients, logs
from lakehouse.errors import LakehouseError, NotBuiltError
from lakehouse.lake import Lake
from lakehouse.metrics import METRICS
from lakehouse.settings import load
from lakehouse.spark import session

# Seconds between two looks for tables that are not made yet.
INTERVAL = 5


def main() -> int:
    """Serve until the process is ended; return the exit code of the error that keeps it from serving."""
    try:
        settings = load()
        clients.prepare(settings, settings.hdfs_analyst)
        serve(Lake.of(settings), settings.stack_home / "logs" / "derby.log")
    except LakehouseError as error:
        logs.tell("sql", error)
        return error.exit_code
    return 0


def serve(lake: Lake, log: Path) -> None:
    """Start the server, and name tables as they are made, while its JVM lives; Hive's own database writes to `log`."""
    spark = session.start("sql")
    spark.sql("CREATE DATABASE gold")
    missing = [f"gold.{name}" for name in METRICS if not name_table(spark, lake, f"gold.{name}")]
    jvm: Any = spark._jvm
    jvm.java.lang.System.setProperty("derby.stream.error.file", str(log))
    jvm.lakehouse.Gate.close(spark._jsparkSession, lake.address("gold"))
    jvm.org.apache.spark.sql.hive.thriftserver.HiveThriftServer2.startWithContext(spark._jsparkSession.sqlContext())
    while True:
        time.sleep(INTERVAL)
        missing = [name for name in missing if not name_table(spark, lake, name)]


def name_table(spark: SparkSession, lake: Lake, name: str) -> bool:
    """Give a table its name in the server's catalogue; return False where it is not made yet."""
    try:
        lake.open(name)
    except NotBuiltError:
        return False
    spark.sql(f"CREATE TABLE {name} USING delta LOCATION '{lake.address(name)}'")
    return True


if __name__ == "__main__":
    sys.exit(main())
