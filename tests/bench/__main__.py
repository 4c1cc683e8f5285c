"""Measure the chain beside others on an HDFS and a Kafka of its own: `make bench [ROWS=1000] [ONLY=chain] [RUNS=1]`.

Without ROWS and ONLY all of it, which then goes into docs/benchmarks.md; a part of it with WRITE=1 only.
"""

import argparse
from collections.abc import Sequence

from bench import chart, machine, report, sources
from bench.options import whole
from bench.place import running
from bench.scenarios import SCENARIOS, Series
from docker.native.console import run
from lakehouse.logs import say
from lakehouse.settings import ROOT

SMALL, LARGE = 1_000, 1_000_000
SIZES = {"chain": (SMALL, LARGE), "idle": (SMALL,), "stored": (LARGE,)}
DOCS = ROOT / "docs"


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rows", type=whole, help="records a file (default: those of each scenario)")
    parser.add_argument("--only", choices=SCENARIOS, help="one scenario")
    parser.add_argument("--runs", type=whole, help="runs of each way (default: 3, and 2 of 1,000,000 records)")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md also of a part")
    return parser.parse_args(arguments)


def measured(chosen: argparse.Namespace) -> list[Series]:
    """Run what was asked for and return its series; raises BenchError where a result is wrong."""
    found: list[Series] = []
    with running("stack") as stack:
        sources.send_events(stack)
        for name in [chosen.only] if chosen.only else SCENARIOS:
            for rows in [chosen.rows] if chosen.rows else SIZES[name]:
                found += SCENARIOS[name](stack, rows, chosen.runs or (3 if rows < LARGE or name != "chain" else 2))
    return found


def main() -> None:
    """Measure, print the table, and write the page where all was measured or it was asked for."""
    chosen = parse()
    found = measured(chosen)
    say(f"\n{report.terminal(found)}")
    if chosen.write or not (chosen.rows or chosen.only):
        words = [f"{name.upper()}={value}" for name, value in vars(chosen).items() if value and name != "write"]
        facts = machine.facts()
        report.write(DOCS / "benchmarks.md", report.markdown(found, facts, " ".join(["make bench", *words])))
        if any(series.scenario == "chain" for series in found):
            chart.draw(DOCS / "benchmarks.png", found, facts)
        say(f"\nWritten: {DOCS.relative_to(ROOT) / 'benchmarks.md'}")


if __name__ == "__main__":
    run(main)
