"""Hold a lake's lock until standard input ends: `python lock_holder.py <job>`, with the settings of the environment."""

import sys

from lakehouse.lake import Lake
from lakehouse.lake.lock import writer_lock
from lakehouse.settings import load

if __name__ == "__main__":
    with writer_lock(Lake.of(load()), sys.argv[1]):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.read()
