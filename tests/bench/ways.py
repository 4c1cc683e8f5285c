"""The four ways from the sources to the four metrics: the usual jobs, this project's, a bare scan, and DuckDB."""

import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stack import RunningStack

from bench import answers, store
from bench.answers import Answers
from bench.counts import event_log
from bench.place import BenchError
from bench.sources import Sources, topic

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Trial:
    """One run of one way: on which stack, from which inbox, into which lake, and a folder for what it leaves."""

    stack: RunningStack
    sources: Sources
    inbox: Path
    lake: str
    folder: Path

    @property
    def events(self) -> Path:
        """Folder of Spark's event logs."""
        return self.folder / "events"

    @property
    def out(self) -> Path:
        """File in which a way that has no lake writes its results."""
        return self.folder / "out.json"

    def environ(self) -> dict[str, str]:
        """Return the environment of the run."""
        own = {"LAKEHOUSE_URL": self.lake, "LAKEHOUSE_INBOX": str(self.inbox)}
        return self.stack.environ | own | {"SPARK_LOCAL_DIRS": str(self.folder), "TMPDIR": str(self.folder)}


@dataclass(frozen=True)
class Way:
    """A way to the metrics: its command, and how its results are compared with the wanted ones."""

    name: str
    title: str
    command: Callable[[Trial], list[str]]
    check: Callable[[Trial, Answers], None]


def _usual(trial: Trial) -> list[str]:
    settings = trial.stack.settings
    # Spark's defaults, not conf/spark-defaults.conf; HDFS by the same client configuration.
    submit = ["spark-submit", "--master", settings.spark_master, "--driver-memory", settings.driver_memory]
    submit += ["--driver-class-path", "build/jars/spark/*", *event_log(trial.events)]
    jobs = {
        "bronze": [str(trial.inbox), settings.kafka, topic(), trial.lake],
        "silver": [trial.lake],
        "gold": [trial.lake],
    }
    each = [shlex.join([*submit, str(HERE / "usual" / f"{name}.py"), *words]) for name, words in jobs.items()]
    return ["env", f"SPARK_CONF_DIR={trial.folder / 'empty'}", "bash", "-c", " && ".join(each)]


def _check_usual(trial: Trial, wanted: Answers) -> None:
    settings, gold = trial.stack.settings, f"{trial.lake}/gold"
    found = answers.answers(lambda metric: store.parquet(settings, f"{gold}/{metric.name}"))
    answers.check("usual", wanted, found)


def _ours(trial: Trial) -> list[str]:
    return ["jobs/submit.sh", *event_log(trial.events), "jobs/pipeline.py"]


def _check_ours(trial: Trial, wanted: Answers) -> None:
    """Compare gold with the wanted answers, and the balance with itself; raises BenchError."""
    answers.check("ours", wanted, answers.of_lake(trial.stack, trial.lake))
    done = trial.stack.run("env", f"LAKEHOUSE_URL={trial.lake}", sys.executable, "jobs/balance.py")
    if done.returncode:
        raise BenchError(f"The balance does not close:\n{done.stdout}{done.stderr}")


def _scan(trial: Trial) -> list[str]:
    words = [str(trial.inbox), trial.stack.settings.kafka, topic(), str(trial.out)]
    return ["jobs/submit.sh", *event_log(trial.events), str(HERE / "scan.py"), *words]


def _check_scan(trial: Trial, _: Answers) -> None:
    found, wanted = json.loads(trial.out.read_text("utf-8")), trial.sources.lines()
    if found != wanted:
        raise BenchError(f"The bare scan counted {found}, not {wanted}.")


def _duckdb(trial: Trial) -> list[str]:
    return [sys.executable, str(HERE / "duck.py"), str(trial.inbox), str(trial.sources.events), str(trial.out)]


def duckdb_answers(trial: Trial) -> Answers:
    """Return what DuckDB has written."""
    found: Answers = json.loads(trial.out.read_text("utf-8"))
    return found


def _check_duckdb(trial: Trial, wanted: Answers) -> None:
    answers.check("duckdb", wanted, duckdb_answers(trial))


OURS = Way("ours", "this chain", _ours, _check_ours)
DUCKDB = Way("duckdb", "DuckDB on the local files", _duckdb, _check_duckdb)
WAYS = (
    Way("usual", "the usual three jobs", _usual, _check_usual),
    OURS,
    Way("scan", "Spark's bare scan", _scan, _check_scan),
    DUCKDB,
)
