"""The pipeline with a fault put in: `spark-submit tests/chaos/sabotaged.py offsets|append`.

`offsets`: bronze keeps its offsets in memory, and in a file that is written when a run ends well. `append`: rows are
appended without a transaction's id; what a table stands at then follows in a commit of its own when a run ends well.
Either way a run that is killed after a commit has the next one read the same records again. The check of `make chaos`
must see that: a check that finds nothing wrong with these would find nothing at all.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pipeline
from lakehouse.lake.data_files import DataFile, Side
from lakehouse.lake.state import State
from lakehouse.spark.main import main
from lakehouse.spark.run import Run

KEPT = "sabotaged-offsets.json"
_state, _commit = Run.state, Run.commit
_late: dict[str, State] = {}


def state(job: Run, name: str) -> State:
    """Return what a table stands at, bronze with the offsets of the file."""
    there = _state(job, name)
    if not name.startswith("bronze.") or name in job.counts:
        return there
    kept = _file(job)
    offsets = json.loads(kept.read_text("utf-8")).get(name, {}) if kept.exists() else {}
    return replace(there, offsets={partition: (first, end) for partition, (first, end) in offsets.items()})


def commit(
    job: Run, name: str, added: Sequence[DataFile], following: State, *, removed: Sequence[DataFile] = ()
) -> dict[Side, int]:
    """Append files; what the table stands at then is left for the end of the run."""
    if removed:
        return _commit(job, name, added, following, removed=removed)
    there = job.standings[name].state
    counts = _commit(job, name, added, replace(there, batch=following.batch))
    job.standings[name] = replace(job.standings[name], state=following)
    _late[name] = following
    return counts


def run(job: Run) -> None:
    """Run the pipeline, then write down what should have been in its commits."""
    pipeline.run(job)
    for name, following in _late.items():
        job.lake.commit(name, job.standings[name], [], following)
    names = (name for name in job.standings if name.startswith("bronze."))
    _file(job).write_text(json.dumps({name: dict(job.state(name).offsets) for name in names}), "utf-8")


def _file(job: Run) -> Path:
    return job.settings.stack_home / KEPT


if __name__ == "__main__":
    if sys.argv[1] == "offsets":
        Run.state = state  # type: ignore[method-assign, assignment]
    else:
        Run.commit = commit  # type: ignore[method-assign, assignment]
    sys.exit(main("pipeline", run))
