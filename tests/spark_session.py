"""One Spark session for all tests of transformations; Spark is loaded for those alone."""

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from stack import make_stack

from lakehouse.settings import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[SparkSession]":
    """Give a session with the project's own settings, conf/spark-defaults.conf."""
    from pyspark.sql import SparkSession

    from lakehouse.spark import session

    environ = make_stack(tmp_path_factory.mktemp("spark")).environ
    before = dict(os.environ)
    os.environ.update(
        {n: environ[n] for n in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP", "JAVA_HOME", "PATH") if n in environ}
    )
    # As `jobs/submit.sh` has it for a run of few records, which is what each test is.
    os.environ["SPARK_SUBMIT_OPTS"] = "-XX:TieredStopAtLevel=1"
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.chdir(ROOT)
    # The jobs do without it; here it reads what they wrote, as `make spark-sql` does.
    delta = SparkSession.builder.config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
    delta.config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
    # What Delta's reader makes of a log is cut into 50 parts else.
    delta.config("spark.databricks.delta.snapshotPartitions", "1")
    delta.config("spark.sql.catalog.spark_catalog", "org.apache.spark.sql.delta.catalog.DeltaCatalog").getOrCreate()
    started = session.start("tests")
    yield started
    started.stop()
    os.environ.clear()
    os.environ.update(before)
    time.tzset()
