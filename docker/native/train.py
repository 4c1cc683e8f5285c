"""A small run of all layers on the local disk, from which the JVM writes its archive of loaded classes.

Run by `make jars`: spark-submit with -XX:ArchiveClassesAtExit. Later runs of the same Java and the same jars start with
these classes instead of loading them (class-data sharing, JEP 350).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import bronze
import gold
import silver
from lakehouse import tables
from lakehouse.datasets import DATASETS
from lakehouse.runs import LOG, Run, main
from lakehouse.settings import ROOT
from lakehouse.streams import drain


def run(job: Run) -> None:
    """Land, judge and sum up a few records, and look at a topic without reading it."""
    simulate = [sys.executable, "-m", "producers.simulate", "--rows", "50", "--errors", "0.1", "--datasets", *DATASETS]
    subprocess.run(simulate, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    bronze.look_at_inbox(job)
    drain([bronze.start_files(job)])
    silver.run(job)
    gold.run(job)
    tables.topic_stream(job.spark, job.settings, DATASETS["logs"])


if __name__ == "__main__":
    LOG.disabled = True
    with tempfile.TemporaryDirectory(prefix="train-") as folder:
        os.environ |= {"LAKEHOUSE_URL": Path(folder).as_uri() + "/lake", "LAKEHOUSE_INBOX": f"{folder}/inbox"}
        code = main("train", run)
    sys.exit(code)
