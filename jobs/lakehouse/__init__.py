"""The package that jobs, producers, charts and the API share; importing it starts nothing."""

import os
import sys
from types import TracebackType

from lakehouse import imports

# pyarrow imports pandas wherever it finds it, to ask whether a list is a series: 50 MB and 0.3 s a process.
# Spark's Python workers, of which there are several, move Arrow data alone; a driver needs pandas with its session.
if "pyspark.worker" in sys.modules or "PYSPARK_GATEWAY_PORT" in os.environ:
    imports.keep_out("pandas")


def _tell(kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None") -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)


# Ctrl-C is no fault that needs a trace, wherever a command is just then: most of it is importing.
sys.excepthook = _tell
