"""A small run of all layers on the local disk, from which the JVM writes its archive of loaded classes.

Run by `make jars`: spark-submit with -XX:ArchiveClassesAtExit. Later runs of the same Java and the same jars start with
these classes instead of loading them (class-data sharing, JEP 350).
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyspark
from py4j.protocol import Py4JError

import bronze
import gold
import silver
from lakehouse.datasets import DATASETS
from lakehouse.settings import ROOT
from lakehouse.spark import tables
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG, Run

# Where the jars of the clients are, and the packages in them that every job loads.
CLIENTS = {
    ROOT / "build" / "jars" / "spark": (
        "org/apache/kafka/common/message/Fetch",
        "org/apache/kafka/common/message/Metadata",
        "org/apache/kafka/common/message/ListOffsets",
        "org/apache/kafka/common/message/ApiVersions",
        "org/apache/kafka/common/message/Describe",
        "org/apache/kafka/common/requests/",
        "org/apache/kafka/common/protocol/",
        "org/apache/kafka/common/errors/",
        "org/apache/kafka/common/network/",
        "org/apache/kafka/common/metrics/",
        "org/apache/kafka/common/record/",
        "org/apache/kafka/clients/",
    ),
    Path(pyspark.__file__).parent / "jars": ("org/apache/hadoop/hdfs/protocol/", "org/apache/hadoop/hdfs/DFS"),
}


def run(job: Run) -> None:
    """Land, judge and sum up a few records twice, the second time beside stored ones; plan the reading of a topic."""
    for seed in ("1", "2"):
        simulate = [sys.executable, "-m", "producers.simulate", "--rows", "50", "--errors", "0.1", "--seed", seed]
        subprocess.run(simulate, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        bronze.land(job, bronze.open_inbox(job))
        silver.run(job)
        gold.run(job)
    tables.read_topic(job.spark, job.settings.kafka, DATASETS["logs"].topic, {0: 0}, {0: 0})
    load_clients(job)


def load_clients(job: Run) -> None:
    """Load the classes of the Kafka and HDFS clients, which nothing here can be asked for yet."""
    jvm: Any = job.spark._jvm
    loader = jvm.java.lang.Class
    for folder, prefixes in CLIENTS.items():
        for jar in sorted(folder.glob("*client*.jar")):
            with zipfile.ZipFile(jar) as archive:
                names = [
                    name[:-6] for name in archive.namelist() if name.startswith(prefixes) and name.endswith(".class")
                ]
            for name in names:
                # Some need a library that is not there; no job loads those either.
                with suppress(Py4JError):
                    loader.forName(name.replace("/", "."))


if __name__ == "__main__":
    LOG.disabled = True
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        os.environ |= {"LAKEHOUSE_URL": Path(folder).as_uri() + "/lake", "LAKEHOUSE_INBOX": f"{folder}/inbox"}
        code = main("train", run)
    sys.exit(code)
