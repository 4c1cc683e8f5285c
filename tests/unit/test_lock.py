"""One writer per lake, on the local disk."""

import json
import os
import platform
import time

import lock_cases
import pytest
from inbox_box import Box

from lakehouse.errors import ServiceError
from lakehouse.lake.files_local import LocalStorage
from lakehouse.lake.lock import writer_lock


def test_a_running_holder_is_named(box: Box) -> None:
    lock_cases.a_running_holder_is_named(box.lake, os.environ)


def test_a_killed_holder_is_taken_over_at_once(box: Box) -> None:
    lock_cases.a_killed_holder_is_taken_over_at_once(box.lake, os.environ)


def test_a_holder_on_another_host_is_named_and_refused(box: Box) -> None:
    lock_cases.another_host_is_named_and_refused(box.lake)


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
def test_a_holder_that_is_not_running_is_taken_over(box: Box, content: dict[str, object]) -> None:
    box.lake.files.create(lock_cases.lock_url(box.lake), json.dumps(content).encode())
    with writer_lock(box.lake, "gold"):
        assert f"process {os.getpid()}" in lock_cases.refused(box.lake)


# What a lock file may say where its writer has not come that far, or died over it.
DAMAGED = {"nothing": b"", "half an object": b"{", "a list": b"[1]", "null": b"null", "no host": b'{"job": "gold"}'}


def age(box: Box, seconds: float) -> None:
    """Let the lock file look as if it had been written so many seconds ago."""
    path, then = box.folder / "_writer.json", time.time() - seconds
    os.utime(path, (then, then))


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("seconds", [0, 50])
def test_a_lock_file_that_says_nothing_yet_is_respected(box: Box, content: bytes, seconds: int) -> None:
    box.lake.files.create(lock_cases.lock_url(box.lake), content)
    age(box, seconds)
    message = lock_cases.refused(box.lake)
    assert "(process ? on ?)" in message
    assert box.lake.files.read(lock_cases.lock_url(box.lake)) == content


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_lock_file_that_has_said_nothing_for_a_minute_is_taken_over(box: Box, content: bytes) -> None:
    box.lake.files.create(lock_cases.lock_url(box.lake), content)
    age(box, 70)
    with writer_lock(box.lake, "gold"):
        assert f"gold (process {os.getpid()} on {platform.node()})" in lock_cases.refused(box.lake)
    assert box.lake.files.read(lock_cases.lock_url(box.lake)) is None


def test_a_lock_file_that_cannot_be_read_is_taken_over_only_when_it_is_old(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ServiceError("a block of it is lost")

    box.lake.files.create(lock_cases.lock_url(box.lake), b"lost")
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", fails)
        assert "(process ? on ?)" in lock_cases.refused(box.lake)
    age(box, 70)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", fails)
        with pytest.raises(ZeroDivisionError), writer_lock(box.lake, "gold"):
            raise ZeroDivisionError


def test_a_holder_on_another_host_keeps_the_lock_however_old_it_is(box: Box) -> None:
    content = json.dumps({"job": "silver", "host": "elsewhere", "pid": 1, "started": 0.0}).encode()
    box.lake.files.create(lock_cases.lock_url(box.lake), content)
    age(box, 10**6)
    assert "silver (process 1 on elsewhere)" in lock_cases.refused(box.lake)


def test_the_lock_is_given_back_where_a_job_fails(box: Box) -> None:
    with pytest.raises(ZeroDivisionError), writer_lock(box.lake, "gold"):
        raise ZeroDivisionError
    with writer_lock(box.lake, "gold"):
        pass


def test_what_ended_a_job_is_told_where_the_lock_cannot_be_given_back(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ServiceError("HDFS is away")

    monkeypatch.setattr(LocalStorage, "delete", away)
    with pytest.raises(ZeroDivisionError), writer_lock(box.lake, "gold"):
        raise ZeroDivisionError


def test_another_jobs_lock_is_not_given_back(box: Box) -> None:
    url, files = lock_cases.lock_url(box.lake), box.lake.files
    with writer_lock(box.lake, "gold"):
        files.delete(url)
        files.create(url, b'{"job": "other", "host": "elsewhere", "pid": 1}')
    assert json.loads(files.read(url) or b"")["job"] == "other"
