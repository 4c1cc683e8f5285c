"""Named points at which a process can be made to end as `kill -9` would, so that tests find what is left behind."""

import os
import signal

VARIABLE = "LAKEHOUSE_CRASH"


def crash_point(name: str) -> None:
    """Kill this process where the environment's LAKEHOUSE_CRASH names this point."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
