"""What the commands without Spark share: the lake of the settings, errors in one line, and the exit code."""

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext

from lakehouse import clients, logs
from lakehouse.errors import LakehouseError, OutputError
from lakehouse.lake import Lake, native
from lakehouse.lake.lock import writer_lock
from lakehouse.lake.printing import safe
from lakehouse.settings import load


def number(text: str, low: int = 0) -> int:
    """Return an argument that is a whole number from `low` on, as rows can be counted; raises ArgumentTypeError."""
    if not re.fullmatch("[0-9]{1,15}", text) or int(text) < low:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {low} on")
    return int(text)


def run(name: str, work: Callable[[Lake], int | None], *, is_writer: bool = False) -> int:
    """Do `work` on the lake of the settings; return its exit code, that of its LakehouseError, or 130 for Ctrl-C.

    It comes to HDFS as HDFS_READER; where it writes, as HDFS_USER and with the lake's lock. A data file that cannot be
    read is told in a line too, with what names all such files.
    """
    return native.leave(_outcome(name, work, is_writer=is_writer))


def _outcome(name: str, work: Callable[[Lake], int | None], *, is_writer: bool) -> int:
    try:
        settings = load()
        clients.prepare(settings, settings.hdfs_user if is_writer else settings.hdfs_reader)
        lake = Lake.of(settings)
        with writer_lock(lake, name) if is_writer else nullcontext():
            code = work(lake) or 0
        sys.stdout.flush()
    except OSError as error:
        return _told(name, error)
    except LakehouseError as error:
        logs.tell(name, safe(str(error)))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return code


def _told(name: str, error: OSError) -> int:
    """Tell an error of standard output, or one of the lake's native readers, which have no number; raise any other."""
    if error.errno is None:
        cause = safe(next(iter(str(error).splitlines()), ""))[:300]
        logs.tell(
            name,
            f"a file of the lake cannot be read ({cause}). `make balance` names files that are missing or changed, "
            "with the way on.",
        )
        return 1
    try:
        logs.unread(error)  # whoever read has seen enough, as in `make sql … | head`
    except OutputError as output:
        logs.tell(name, output)
        return output.exit_code
    return 0
