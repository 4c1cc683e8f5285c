"""The results as a table: on the terminal, and in docs/benchmarks.md."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.scenarios import Run, Series

HEADINGS = (
    "scenario", "rows a file", "way", "runs", "wall s", "from", "to", "beside usual",
    "CPU s", "others' CPU s", "memory MiB", "of it services", "written MB", "Spark jobs", "commits",
)  # fmt: skip
LEFT = {0, 2}
NOTES = """\
Each way reads the same files (transactions as CSV, logs, posts as JSON) and the same 16,000 advertising events, from
the topic or, by DuckDB, from a file, and ends with the four metrics; Spark's bare scan counts lines and messages only.
A time is told only after its results were compared: the metrics with DuckDB's, amounts to the cent, means to nine
digits, and this chain's balance with itself. The ways run in turn, each run into an empty lake on the same HDFS.

- *wall*: median of the runs, with the fastest and the slowest; *beside usual*: ratio of medians of this run.
- *CPU*: processor time of the command's whole tree of processes, and of NameNode, DataNode and broker meanwhile.
  *others' CPU*: what everything else on the machine used meanwhile; where it is much, the times say little.
- *memory*: the most that all these processes took at one time, looked at five times a second; a page shared by n
  processes counts as one n-th in each (proportional set size).
- *written*: bytes written by the DataNode. *commits*: to bronze, silver and gold tables, the making of a table too.
- The usual jobs run on Spark's defaults with the same heap and the same HDFS client configuration.
- *idle*: the chain again with nothing new. *stored*: 1,000 records a file more, in a lake that holds so many rows
  a file already, and in one that holds none; both had their tables and the events before.
"""


def median(series: Series, value: Callable[[Run], float]) -> float:
    """Return the median of a figure over the runs of a series."""
    return statistics.median(value(run) for run in series.runs)


def beside(series: Series, found: Sequence[Series]) -> float | None:
    """Return a series' wall beside the one it is compared with: the usual jobs, or the lake that held nothing."""
    other = next(
        (
            s
            for s in found
            if s.scenario == series.scenario
            and s is not series
            and ((s.way == "usual" and s.rows == series.rows) or (s.scenario == "stored" and s.rows == 0))
        ),
        None,
    )
    return median(series, _wall) / median(other, _wall) if other and other.runs else None


def _wall(run: Run) -> float:
    return run.usage.wall


def row(series: Series, found: Sequence[Series]) -> tuple[str, ...]:
    """Return the cells of a series' line."""
    walls, ratio = [run.usage.wall for run in series.runs], beside(series, found)
    return (
        series.scenario,
        f"{series.rows:,}",
        series.title,
        str(len(walls)),
        f"{median(series, _wall):.1f}",
        f"{min(walls):.1f}",
        f"{max(walls):.1f}",
        f"{ratio:.2f}" if ratio else "",
        f"{median(series, lambda run: run.usage.cpu):.1f}",
        f"{median(series, lambda run: run.usage.others):.1f}",
        f"{median(series, lambda run: run.usage.memory) / 2**20:,.0f}",
        f"{median(series, lambda run: run.usage.services) / 2**20:,.0f}",
        f"{median(series, lambda run: run.written) / 1e6:,.1f}",
        f"{median(series, lambda run: run.jobs):.0f}",
        f"{median(series, lambda run: run.commits):.0f}",
    )


def terminal(found: Sequence[Series]) -> str:
    """Return the table with aligned columns."""
    rows = [HEADINGS, *(row(series, found) for series in found)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:<{width}}" if n in LEFT else f"{cell:>{width}}"
            for n, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    )


def markdown(found: Sequence[Series], machine: dict[str, str], command: str) -> str:
    """Return the page docs/benchmarks.md."""
    lines = ["# Benchmarks", "", f"`{command}`, which writes this page.", "", NOTES]
    if any(series.scenario == "chain" for series in found):
        lines += ["![Seconds of each way](benchmarks.png)", ""]
    lines += ["| " + " | ".join(HEADINGS) + " |"]
    lines += ["|" + "|".join("---" if n in LEFT else "--:" for n in range(len(HEADINGS))) + "|"]
    lines += ["| " + " | ".join(row(series, found)) + " |" for series in found]
    lines += ["", "| on | |", "|---|---|", *(f"| {name} | {value} |" for name, value in machine.items())]
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """Write the page in one step."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
