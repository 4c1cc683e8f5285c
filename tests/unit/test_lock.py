"""One writer per lake, on the local disk."""

import json
import os
import platform
import time
from contextlib import ExitStack

import lock_cases
import pytest
from inbox_box import Box

from lakehouse.errors import LockedError, ServiceError
from lakehouse.lake import lock
from lakehouse.lake.files_local import LocalStorage
from lakehouse.lake.lock import writer_lock


def test_a_running_holder_is_named(box: Box) -> None:
    lock_cases.a_running_holder_is_named(box.lake, os.environ)


def test_a_killed_holder_is_taken_over_at_once(box: Box) -> None:
    lock_cases.a_killed_holder_is_taken_over_at_once(box.lake, os.environ)


def test_a_holder_on_another_host_is_named_and_refused(box: Box) -> None:
    lock_cases.another_host_is_named_and_refused(box.lake)


def test_a_stopped_holder_is_taken_over_and_writes_nothing_when_it_goes_on(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_cases.a_stopped_holder_is_taken_over_and_writes_nothing_when_it_goes_on(box.lake, os.environ, monkeypatch)


HERE = {"host": platform.node(), "processes": lock._processes()}


@pytest.mark.parametrize(
    "content",
    [
        {"pid": os.getpid(), "started": 1.0},
        {"pid": 2**22 + 1, "started": 1.0},
        {"pid": "x", "started": "y"},
        {},
    ],
    ids=["a process that took the number over", "no such process", "nonsense", "no process"],
)
def test_a_holder_that_is_not_running_is_taken_over(box: Box, content: dict[str, object]) -> None:
    lock_cases.put(box.lake, json.dumps(HERE | content).encode())
    with writer_lock(box.lake, "gold"):
        assert f"process {os.getpid()}" in lock_cases.refused(box.lake)


# What a lock file may say whose lease decides: one on another host, in a container with the name of this one, or one
# that has not come far enough to say something, or died over it.
LEASED = {
    "another host": json.dumps({"job": "silver", "host": "elsewhere", "pid": 1, "started": 0.0}).encode(),
    "a container": json.dumps({**HERE, "processes": "pid:[1]", "pid": 2**22 + 1, "started": 0.0}).encode(),
    "nothing": b"", "half an object": b"{", "a list": b"[1]", "null": b"null", "no host": b'{"job": "gold"}',
}  # fmt: skip


def age(box: Box, seconds: float) -> None:
    """Let the lock's files look as if they had been written so many seconds ago."""
    then = time.time() - seconds
    for path in (box.folder / "_writer").iterdir():
        os.utime(path, (then, then))


@pytest.mark.parametrize("content", LEASED.values(), ids=LEASED)
@pytest.mark.parametrize("seconds", [0, 50])
def test_a_lease_that_has_not_ended_is_respected(box: Box, content: bytes, seconds: int) -> None:
    lock_cases.put(box.lake, content)
    age(box, seconds)
    assert f"heard of {seconds} s ago" in lock_cases.refused(box.lake)
    assert (box.folder / "_writer" / "0000000001.json").read_bytes() == content


@pytest.mark.parametrize("content", LEASED.values(), ids=LEASED)
def test_a_lease_that_has_ended_is_taken_over(box: Box, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "RENEW", 0.01)
    lock_cases.put(box.lake, content)
    age(box, 70)
    with writer_lock(box.lake, "gold"):
        assert f"gold (process {os.getpid()} on {platform.node()}" in lock_cases.refused(box.lake)
    assert lock_cases.held(box.lake) == {"free": True}


def test_a_lease_that_looks_old_but_is_renewed_is_respected(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clocks of two hosts differ, or the lake was away for a while."""
    lock_cases.put(box.lake, LEASED["another host"])
    beat = box.folder / "_writer" / "0000000001.beat"
    beat.write_bytes(b"1")
    age(box, 70)
    monkeypatch.setattr(time, "sleep", lambda _: beat.write_bytes(b"2"))
    assert "silver (process 1 on elsewhere" in lock_cases.refused(box.lake)


def test_a_lock_file_that_cannot_be_read_is_taken_over_only_when_its_lease_has_ended(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ServiceError("a block of it is lost")

    monkeypatch.setattr(lock, "RENEW", 0.01)
    lock_cases.put(box.lake, b"lost")
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", fails)
        assert "(process ? on ?, heard of 0 s ago)" in lock_cases.refused(box.lake)
    age(box, 70)
    with monkeypatch.context() as patch:
        patch.setattr(LocalStorage, "read", fails)
        with pytest.raises(ZeroDivisionError), writer_lock(box.lake, "gold"):
            raise ZeroDivisionError


def test_of_two_that_take_a_lock_over_one_holds_it(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """One looks, another one takes the lock, gives it back and another takes it; then the first one goes on."""
    lock_cases.put(box.lake, json.dumps(HERE | {"pid": 2**22 + 1, "started": 1.0}).encode())
    late = lock.Lease(box.lake.files, f"{box.lake.url}/_writer", lock._me("silver"))
    is_free = late._is_free

    def slow(number: int) -> bool:
        answer = is_free(number)
        with writer_lock(box.lake, "bronze"):
            pass
        held.enter_context(writer_lock(box.lake, "gold"))
        return answer

    monkeypatch.setattr(late, "_is_free", slow)
    with ExitStack() as held:
        with pytest.raises(LockedError, match="gold"):
            late.take()
        assert lock_cases.held(box.lake)["job"] == "gold"
        box.lake.files.create(f"{box.lake.url}/still", b"")


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


def test_a_lock_that_another_job_took_over_is_not_given_back(box: Box) -> None:
    there = {"job": "other", "host": "elsewhere", "pid": 1}
    with writer_lock(box.lake, "gold"):
        lock_cases.put(box.lake, json.dumps(there).encode(), number=2)
    assert lock_cases.held(box.lake) == there


def test_a_holder_changes_nothing_once_its_lock_was_taken_over(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    now = lock._clock()
    with writer_lock(box.lake, "gold"):
        lock_cases.put(box.lake, json.dumps({"job": "other", "host": "elsewhere", "pid": 1}).encode(), number=2)
        box.lake.files.create(f"{box.lake.url}/in-time", b"")
        monkeypatch.setattr(lock, "_clock", lambda: now + lock.LEASE)
        for change in (box.lake.files.create, box.lake.files.replace):
            with pytest.raises(LockedError, match=r"other \(process 1 on elsewhere\) took it over"):
                change(f"{box.lake.url}/late", b"")
        with pytest.raises(LockedError):
            box.lake.files.delete(f"{box.lake.url}/in-time")
    assert (box.folder / "in-time").exists()
    assert not (box.folder / "late").exists()
