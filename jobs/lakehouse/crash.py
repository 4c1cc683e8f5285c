"""Named points before and after each change of a lake, at which a process can be made to end as `kill -9` would.

Whatever a job changes in a lake passes `lake/files.py`, which puts a point before it and one after it: a new step has
them by itself. A name is table, moment and change, such as `silver.logs.before_commit`; a run may pass one repeatedly.
"""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

VARIABLE = "LAKEHOUSE_CRASH"
# What changes in a table: its Parquet files, its log, the log's checkpoints, and what deltalake deletes by itself.
CHANGES = ("data", "commit", "checkpoint", "vacuum")
# What changes beside the tables: the writer's lock, what a stream says of its progress, the key of what is forgotten.
BESIDE = ("writer", "progress", "forgetting")
# What changes in a database that is read by logical replication: its slot is made, or advanced.
SOURCE = ("slot", "advance")


def reach(point: str) -> None:
    """Kill this process where the environment's LAKEHOUSE_CRASH names this point."""
    if os.environ.get(VARIABLE) == point:
        os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def around(what: str, change: str) -> Iterator[None]:
    """Reach the point before a change of a table, or of the `lake` beside them, and the one after it."""
    reach(f"{what}.before_{change}")
    yield
    reach(f"{what}.after_{change}")


def change_of(path: str) -> tuple[str, str]:
    """Return what changes with a file, by its path below the lake's root: the table and the change."""
    *folders, name = path.split("/")
    if len(folders) < 2:
        return "lake", (folders or [name.partition(".")[0]])[0].strip("_")
    if "_delta_log" not in folders:
        return ".".join(folders[:2]), "data"
    return ".".join(folders[:2]), "commit" if name.partition(".")[2] == "json" else "checkpoint"


def points(tables: Iterable[str]) -> list[str]:
    """Return the names of all points of a lake with these tables."""
    changes = [(table, change) for table in tables for change in CHANGES] + [("lake", change) for change in BESIDE]
    changes += [("source", change) for change in SOURCE]
    return [f"{what}.{moment}_{change}" for what, change in changes for moment in ("before", "after")]
