"""One writer per lake, on the local disk."""

import json
import os
import platform

import lock_cases
import pytest
from inbox_box import Inbox

from lakehouse.errors import ServiceError
from lakehouse.lock import writer_lock
from lakehouse.storage import LocalStorage, storage


def test_a_running_holder_is_named(box: Inbox) -> None:
    lock_cases.a_running_holder_is_named(box.settings, os.environ)


def test_a_killed_holder_is_taken_over_at_once(box: Inbox) -> None:
    lock_cases.a_killed_holder_is_taken_over_at_once(box.settings, os.environ)


def test_a_holder_on_another_host_is_named_and_refused(box: Inbox) -> None:
    lock_cases.another_host_is_named_and_refused(box.settings)


@pytest.mark.parametrize(
    "content",
    [
        {"host": platform.node(), "pid": os.getpid(), "started": 1.0},
        {"host": platform.node(), "pid": 2**22 + 1, "started": 1.0},
        {"host": platform.node(), "pid": "x", "started": "y"},
        {"host": platform.node()},
    ],
    ids=["a process that took the number over", "no such process", "nonsense", "no process"],
)
def test_a_holder_that_is_not_running_is_taken_over(box: Inbox, content: dict[str, object]) -> None:
    storage(box.settings).create(lock_cases.lock_url(box.settings), json.dumps(content).encode())
    with writer_lock(box.settings, "gold"):
        assert f"process {os.getpid()}" in lock_cases.refused(box.settings)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null"])
def test_a_lock_file_that_says_nothing_is_respected(box: Inbox, content: bytes) -> None:
    storage(box.settings).create(lock_cases.lock_url(box.settings), content)
    assert "one that has just started (process ? on ?)" in lock_cases.refused(box.settings)


def test_the_lock_is_given_back_where_a_job_fails(box: Inbox) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(box.settings, "gold"):
        raise ZeroDivisionError
    with writer_lock(box.settings, "gold"):
        pass


def test_what_ended_a_job_is_told_where_the_lock_cannot_be_given_back(
    box: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ServiceError("HDFS is away")

    monkeypatch.setattr(LocalStorage, "delete", away)
    with pytest.raises(ZeroDivisionError), writer_lock(box.settings, "gold"):
        raise ZeroDivisionError


def test_another_jobs_lock_is_not_given_back(box: Inbox) -> None:
    url, files = lock_cases.lock_url(box.settings), storage(box.settings)
    with writer_lock(box.settings, "gold"):
        files.delete(url)
        files.create(url, b'{"job": "other", "host": "elsewhere", "pid": 1}')
    assert json.loads(files.read(url) or b"")["job"] == "other"
