"""Hold a lake's lock until standard input ends: `python lock_holder.py <job> [<lease> <renewal>]`.

The lake is that of the environment's settings. With the seconds of a lease and between its renewals it writes a file
each moment instead, until it may not.
"""

import itertools
import sys
import time

from lakehouse.errors import LockedError
from lakehouse.lake import Lake, lock
from lakehouse.lake.lock import writer_lock
from lakehouse.settings import load


def write(lake: Lake) -> None:
    for number in itertools.count():
        lake.files.create(f"{lake.url}/written/{number}", b"")
        time.sleep(0.02)


if __name__ == "__main__":
    job, *lease = sys.argv[1:]
    if lease:
        lock.LEASE, lock.RENEW = map(float, lease)
    of = Lake.of(load())
    try:
        with writer_lock(of, job):
            sys.stdout.write("held\n")
            sys.stdout.flush()
            if lease:
                write(of)
            sys.stdin.read()
    except LockedError as error:
        sys.stdout.write(f"{error}\n")
        sys.exit(1)
