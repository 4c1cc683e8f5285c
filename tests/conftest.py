"""Fixtures that every test folder may use, and the end of a run."""

import os
import sys
import threading

import pytest
from inbox_box import box as box
from lake_fixture import sample_lake as sample_lake
from postgres_shop import postgres as postgres
from postgres_shop import shop as shop
from spark_session import spark as spark
from stack import cluster as cluster
from stack import s3_stack as s3_stack
from stack import stack as stack

CODE = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[CODE] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End here, as `native.leave` does, where threads are still at work: watchers of the API look at lakes to the end.

    The interpreter's own end takes the ground from under native threads: a run whose tests all passed crashed then.
    """
    if CODE in config.stash and threading.active_count() > 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash[CODE])
