"""Waiting for what can be asked, with an end."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], seconds: float, what: str, period: float = 0.05) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(period)
