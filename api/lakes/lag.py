"""How far continuous mode is behind its sources, looked after in a thread of its own that may hang."""

import logging
import threading
import time

from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake, progress
from lakehouse.lake.progress import Progress

log = logging.getLogger("api")


class Lag:
    """Keeps the last word of continuous mode; None where none runs, or where the lake does not answer."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self.progress: Progress | None = None

    def start(self, interval: float) -> None:
        """Look every `interval` seconds, in a daemon thread."""
        threading.Thread(target=self._run, args=(interval,), name="lag of the stream", daemon=True).start()

    def _run(self, interval: float) -> None:
        while True:
            self.look()
            time.sleep(interval)

    def look(self) -> None:
        """Look once."""
        try:
            self.progress = progress.read(self._lake)
        except LakehouseError as error:
            # The metrics' watchers tell it; here nothing is known any more.
            log.debug("the stream's progress cannot be read: %s", error)
            self.progress = None
