"""Write simulated files into the inbox: sales, requests, posts and advertising events.

    PYTHONPATH=jobs python -m producers.simulate --rows 1000 --seed 42 --errors 0.02

The same options write the same bytes, on any day and any machine. A file that is there already is left as it is.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lakehouse import logs, settings
from lakehouse.errors import LakehouseError
from producers import files, options
from producers.generators import DATASETS
from producers.generators.sequence import LAYOUTS


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Write simulated files into the inbox.")
    options.add_shared(parser, tuple(DATASETS))
    parser.add_argument("--out", type=Path, help="folder to write to (default: the inbox of the settings)")
    parser.add_argument("--layout", choices=LAYOUTS, default="full", help="simple: the older layout, without ids")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, tell about each in a line, and return the exit code."""
    chosen = parse(arguments)
    try:
        known = settings.load()
        out = chosen.out or known.inbox
        for dataset in dict.fromkeys(chosen.datasets):
            rows = DATASETS[dataset].rows if chosen.rows is None else chosen.rows
            began = time.monotonic()
            what = (dataset, rows, chosen.seed, chosen.errors, chosen.layout)
            written = files.send(out, known.webhdfs, *what) if isinstance(out, str) else files.write(out, *what)
            _tell(dataset, written, time.monotonic() - began)
    except LakehouseError as e:
        logs.tell("simulate", e)
        return e.exit_code
    except KeyboardInterrupt:
        logs.tell("simulate", "stopped; no half-written file is left")
        return 130
    return 0


def _tell(dataset: str, written: files.Written, seconds: float) -> None:
    state = "" if written.is_new else "  (there already, unchanged)"
    counts = f"{written.rows:>9,} records {written.broken:>6,} broken {seconds:5.1f} s"
    logs.say(f"{dataset:<13}{counts}  {written.where}{state}")


if __name__ == "__main__":
    sys.exit(main())
