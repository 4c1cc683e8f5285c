"""Native calls end by themselves: one at a time, each with a deadline, and none keeps the process."""

import subprocess
import sys
import threading
import time

import pytest

from lakehouse.errors import ServiceError
from lakehouse.lake import native
from lakehouse.settings import ROOT


def test_a_call_gives_back_what_its_work_gives() -> None:
    assert native.call("a table", lambda: 7) == 7
    with pytest.raises(KeyError):
        native.call("a table", lambda: dict[str, int]()["none"])


def test_calls_are_made_one_after_another() -> None:
    running, most = [0], [0]

    def work() -> None:
        running[0] += 1
        most[0] = max(most[0], running[0])
        time.sleep(0.01)
        running[0] -= 1

    threads = [threading.Thread(target=lambda: native.call("a table", work)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]


def test_a_call_that_hangs_is_made_once_more() -> None:
    attempts: list[int] = []
    released = threading.Event()

    def work() -> str:
        attempts.append(1)
        if len(attempts) == 1:
            released.wait()
        return "answer"

    assert native.call("a table", work, seconds=0.1) == "answer"
    released.set()
    assert len(attempts) == 2


def test_a_call_that_never_returns_is_named() -> None:
    released = threading.Event()
    with pytest.raises(ServiceError, match=r"The table gold\.x did not answer within 2 x 0\.05 s\. Run `make status`"):
        native.call("the table gold.x", released.wait, seconds=0.05)
    released.set()


def test_a_process_may_allow_no_call_more_than_some_seconds() -> None:
    released = threading.Event()
    native.limit(0.05)
    try:
        with pytest.raises(ServiceError, match=r"2 x 0\.05 s"):
            native.call("a query", released.wait, native.QUERY_SECONDS)
    finally:
        native.limit(native.QUERY_SECONDS)
        released.set()


class Panic(BaseException):
    """Stands for what Rust throws past Python's Exception."""


@pytest.mark.parametrize("error", [TimeoutError("timed out"), Panic("a panic")])
def test_what_no_caller_expects_comes_as_an_error_of_the_lake(error: BaseException) -> None:
    def work() -> None:
        raise error

    with pytest.raises(ServiceError, match="cannot be read"):
        native.call("a table", work)


def test_a_process_ends_while_a_call_still_hangs() -> None:
    code = (
        "import threading; from lakehouse.lake import native; from lakehouse.errors import ServiceError\n"
        "try: native.call('it', threading.Event().wait, seconds=0.1)\n"
        "except ServiceError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "jobs"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.startswith("It did not answer")


LEAVING = """
import atexit, sys, threading
from lakehouse.lake import native

atexit.register(print, "the interpreter ended by itself")
begun, released = threading.Event(), threading.Event()
future = native.begin(lambda: begun.set() or released.wait(60))
begun.wait(10)
if sys.argv[1] == "ended":
    released.set()
    future.result(10)
    while any(thread.name == "native call" for thread in threading.enumerate()):
        pass
print("said", end="")
sys.exit(native.leave(7))
"""


@pytest.mark.parametrize("call", ["ended", "out"])
def test_a_process_that_leaves_a_call_behind_ends_at_once_with_its_code(call: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LEAVING, call], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.returncode, done.stderr) == (7, "")
    assert done.stdout.startswith("said")
    assert ("by itself" in done.stdout) == (call == "ended")
