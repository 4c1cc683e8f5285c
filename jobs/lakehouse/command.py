"""What the commands without Spark share: the lake of the settings, errors in one line, and the exit code."""

import argparse
import re
import sys
from collections.abc import Callable
from contextlib import nullcontext

from lakehouse import clients, logs
from lakehouse.errors import LakehouseError
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
    except LakehouseError as error:
        logs.tell(name, safe(str(error)))
        return error.exit_code
    except BrokenPipeError:
        logs.unread()  # as in `make sql … | head`
        return 0
    except OSError as error:
        # Those of the lake's native readers have no number; one of the terminal or a pipe is none of theirs.
        if error.errno is not None:
            raise
        cause = safe(next(iter(str(error).splitlines()), ""))[:300]
        logs.tell(
            name,
            f"a file of the lake cannot be read ({cause}). `make balance` names files that are missing or changed, "
            "with the way on.",
        )
        return 1
    except KeyboardInterrupt:
        return 130
    return code
