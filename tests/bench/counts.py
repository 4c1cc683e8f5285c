"""The counts of a run, which do not depend on the machine: Spark jobs, and commits a table."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess

from bench import store
from lakehouse.settings import Settings


@dataclass(frozen=True)
class Counts:
    """What one run of the pipeline did: how many Spark jobs, and how many commits to each table that it changed."""

    jobs: int
    commits: Counter[str]

    def of(self, *layers: str) -> int:
        """Return the commits to all tables of some layers, such as `gold`."""
        return sum(count for name, count in self.commits.items() if name.partition(".")[0] in layers)


def spark_jobs(folder: Path) -> int:
    """Return how many jobs Spark started, by the event logs in a folder."""
    logs = [path.read_text(encoding="utf-8").splitlines() for path in folder.iterdir() if path.is_file()]
    return sum(json.loads(line)["Event"] == "SparkListenerJobStart" for log in logs for line in log)


def event_log(folder: Path) -> list[str]:
    """Return the options of spark-submit that make Spark write down its jobs in a folder."""
    settings = {"enabled": "true", "dir": folder.as_uri(), "compress": "false", "rolling.enabled": "false"}
    return [word for name, value in settings.items() for word in ("--conf", f"spark.eventLog.{name}={value}")]


def counted_pipeline(settings: Settings, run: Callable[[Sequence[str]], CompletedProcess[str]]) -> Counts:
    """Run the pipeline by `run`, which is given the command, on the lake of `settings`, and return its counts."""
    before = store.commits(settings, settings.lake)
    with tempfile.TemporaryDirectory(prefix="events-") as folder:
        done = run(["jobs/submit.sh", *event_log(Path(folder)), "jobs/pipeline.py"])
        assert done.returncode == 0, done.stdout
        jobs = spark_jobs(Path(folder))
    return Counts(jobs, store.commits(settings, settings.lake) - before)
