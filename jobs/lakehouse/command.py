"""What the commands without Spark share: the lake of the settings, errors in one line, and the exit code."""

import os
import sys
from collections.abc import Callable

from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from lakehouse.lake.printing import safe
from lakehouse.settings import load


def run(name: str, work: Callable[[Lake], int | None]) -> int:
    """Do `work` on the lake of the settings; return its exit code, that of its LakehouseError, or 130 for Ctrl-C."""
    try:
        settings = load()
        os.environ.setdefault("HADOOP_CONF_DIR", str(settings.hadoop_conf))
        return work(Lake.of(settings)) or 0
    except LakehouseError as error:
        sys.stderr.write(f"{name}: {safe(str(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return 130
