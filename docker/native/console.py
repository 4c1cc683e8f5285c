"""What the commands of this folder tell a person: lines, and progress where somebody looks on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lakehouse import logs
from lakehouse.errors import LakehouseError


@contextmanager
def progress(what: str) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is waited for, with the seconds so far, on a terminal; it is silent in a pipe."""
    start, shown = time.monotonic(), sys.stderr.isatty()

    def show(detail: str) -> None:
        if shown:
            sys.stderr.write(f"\r\x1b[K{what} … {detail}  {time.monotonic() - start:.0f} s")
            sys.stderr.flush()

    try:
        yield show
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def run(command: Callable[[], None]) -> None:
    """Run a command and end the process: 0 where it went well, else the error's exit code after its message."""
    try:
        command()
    except LakehouseError as error:
        logs.tell("", error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        logs.tell("", "Interrupted.")
        sys.exit(130)
