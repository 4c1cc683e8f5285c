"""One Spark session for all tests of transformations."""

import os
import time
from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from lakehouse import session
from lakehouse.settings import ROOT
from tests.stack import make_stack


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Give a session with the project's own settings, conf/spark-defaults.conf."""
    environ = make_stack(tmp_path_factory.mktemp("spark")).environ
    before = dict(os.environ)
    os.environ.update(
        {n: environ[n] for n in ("SPARK_CONF_DIR", "SPARK_LOCAL_IP", "JAVA_HOME", "PATH") if n in environ}
    )
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.chdir(ROOT)
    started = session.start("tests")
    yield started
    started.stop()
    os.environ.clear()
    os.environ.update(before)
    time.tzset()
