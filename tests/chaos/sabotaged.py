"""The pipeline with a fault put in: bronze keeps its offsets in a file that is written when a run ends well.

So a run that is killed after a commit to bronze has the next one read the same messages again. The check of `make
chaos` must see that: a check that finds nothing wrong with this one would find nothing at all.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pipeline
from lakehouse.lake.state import State
from lakehouse.spark.main import main
from lakehouse.spark.run import Run

KEPT = "sabotaged-offsets.json"
_state = Run.state


def state(job: Run, name: str) -> State:
    """Return what a table stands at, bronze with the offsets of the file."""
    there = _state(job, name)
    if not name.startswith("bronze.") or name in job.counts:
        return there
    kept = _file(job)
    offsets = json.loads(kept.read_text("utf-8")).get(name, {}) if kept.exists() else {}
    return replace(there, offsets={partition: (first, end) for partition, (first, end) in offsets.items()})


def run(job: Run) -> None:
    """Run the pipeline, then write the file."""
    pipeline.run(job)
    names = (name for name in job.standings if name.startswith("bronze."))
    _file(job).write_text(json.dumps({name: dict(job.state(name).offsets) for name in names}), "utf-8")


def _file(job: Run) -> Path:
    return job.settings.stack_home / KEPT


if __name__ == "__main__":
    Run.state = state  # type: ignore[method-assign]
    sys.exit(main("pipeline", run))
