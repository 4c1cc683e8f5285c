"""The four metrics as each way gives them, in one form, and where two of them differ.

`python -m bench.answers hdfs://…/lake` prints those of a lake as JSON.
"""

import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice

import pyarrow as pa
from deltalake import DeltaTable
from stack import RunningStack

from bench.duck import QUERIES
from bench.place import BenchError
from lakehouse.lake import scan
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from lakehouse.settings import ROOT

# By metric and group. Amounts are texts with two places, so that they are compared to the cent and pass through JSON.
Value = int | float | str
Answers = dict[str, dict[str, list[Value]]]
_SHOWN, _PATIENCE = 5, 120
_ABSENT: list[Value] = ["absent"]


def _value(value: object, type_: str) -> Value:
    if type_.startswith("decimal"):
        return str(Decimal(str(value)).quantize(Decimal("0.01")))
    return float(str(value)) if type_ == "double" else int(str(value))


def _groups(metric: Metric, table: pa.Table) -> dict[str, list[Value]]:
    key, *values = metric.columns
    rows = table.select([column.name for column in metric.columns]).to_pylist()
    if len({row[key.name] for row in rows}) != len(rows):
        raise BenchError(f"{metric.name}: a value of {key.name} stands in more than one row.")
    return {str(row[key.name]): [_value(row[c.name], c.type) for c in values] for row in rows}


def answers(read: Callable[[Metric], pa.Table]) -> Answers:
    """Return the four metrics out of the table that `read` gives for each; columns beside the contract's are left.

    What a project has added has no other way to be compared with.
    """
    return {name: _groups(METRICS[name], read(METRICS[name])) for name in QUERIES}


def _delta(url: str, metric: Metric) -> pa.Table:
    # By the engine in Rust: pyarrow's threads call Python, and can crash a process that ends just then.
    names = ", ".join(f'"{column.name}"' for column in metric.columns)
    return scan.query(f"SELECT {names} FROM t", t=DeltaTable(url))


def of_lake(stack: RunningStack, lake: str) -> Answers:
    """Return the four metrics as they stand in a lake's gold tables, read by a process that can be given up."""
    command = [sys.executable, "-m", "bench.answers", lake]
    environ = stack.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'jobs'}:{ROOT / 'tests'}"}
    for _ in range(2):
        try:
            done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            continue
        if done.returncode:
            raise BenchError(f"The gold tables of {lake} cannot be read:\n{done.stderr}")
        found: Answers = json.loads(done.stdout)
        return found
    raise BenchError(f"Reading the gold tables of {lake} did not end within {_PATIENCE} s, twice.")


def _is_equal(one: list[Value], other: list[Value]) -> bool:
    return len(one) == len(other) and all(
        # Means are sums of whole numbers, divided: the last bits depend on who divides.
        math.isclose(a, b, rel_tol=1e-9) if isinstance(a, float) and isinstance(b, float) else a == b
        for a, b in zip(one, other, strict=True)
    )


def differences(wanted: Answers, found: Answers) -> Iterator[str]:
    """Yield a line for each metric that differs, with the first of the groups that do."""
    for name, groups in wanted.items():
        got = found.get(name, {})
        other = [
            key
            for key in sorted({*groups, *got})
            if not _is_equal(groups.get(key, _ABSENT), got.get(key, _ABSENT))
        ]  # fmt: skip
        if other:
            told = (f"{k!r} is {got.get(k, _ABSENT)}, not {groups.get(k, _ABSENT)}" for k in islice(other, _SHOWN))
            yield f"{name}: {len(other):,} of {len(groups):,} groups differ: {'; '.join(told)}"


def check(way: str, wanted: Answers, found: Answers) -> None:
    """Raise BenchError, naming metrics and groups, where a way's answers are not the wanted ones."""
    if lines := list(differences(wanted, found)):
        raise BenchError("\n  ".join([f"{way} gave other results, so no time is told:", *lines]))


if __name__ == "__main__":
    lake_url = sys.argv[1]
    json.dump(answers(lambda metric: _delta(f"{lake_url}/gold/{metric.name}", metric)), sys.stdout)
