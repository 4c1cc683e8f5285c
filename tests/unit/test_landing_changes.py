"""Files that change while landing reads them: left for the next run, with whatever shares their content."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from inbox_box import LOG, Box

from lakehouse.landing import cut_file, inbox

CHANGES: dict[str, Callable[[Path], object]] = {
    "grows": lambda path: path.write_bytes(LOG * 2),
    "gets another time": lambda path: os.utime(path, (1, 1)),
    "goes away": lambda path: path.unlink(),
}


def _changing(path: Path, change: Callable[[Path], object], reading: int) -> Callable[[Path], Iterator[bytes]]:
    """Return a reader that changes a file once it has read it for the n-th time: 1 to hash it, 2 to cut it."""
    original, times = inbox.chunks, itertools.count(1)

    def read(of: Path) -> Iterator[bytes]:
        yield from original(of)
        if of == path and next(times) == reading:
            change(path)

    return read


@pytest.mark.parametrize("reading", [1, 2], ids=["between hashing and cutting", "while it is cut"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_file_that_changes_while_it_is_read_is_left_for_the_next_run(
    box: Box, monkeypatch: pytest.MonkeyPatch, what: str, reading: int
) -> None:
    path = box.put("logs/a.log", LOG)
    box.put("logs/b.log", LOG * 3)
    monkeypatch.setattr(cut_file, "chunks", _changing(path, CHANGES[what], reading))
    landed = box.land()
    monkeypatch.undo()
    assert landed.ignored == ["logs/a.log: still being written, left for the next run"]
    assert [r["name"] for r in box.ledger()] == ["b.log"]
    assert [row["source"] for row in box.bronze("logs")] == ["b.log"] * 3
    box.land()
    rows = {r["name"]: r["records"] for r in box.ledger()}
    expected = {"grows": {"a.log": 2}, "gets another time": {"a.log": 1}, "goes away": {}}[what]
    assert rows == {"b.log": 3} | expected
    assert len(box.bronze("logs")) == sum(rows.values())


@pytest.mark.parametrize("what", CHANGES)
def test_a_second_file_with_the_content_of_one_that_changes_is_left_for_the_next_run_too(
    box: Box, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    path = box.put("logs/a.log", LOG)
    box.put("logs/same.log", LOG)
    monkeypatch.setattr(cut_file, "chunks", _changing(path, CHANGES[what], 1))
    landed = box.land()
    monkeypatch.undo()
    assert landed.decisions == []
    assert landed.ignored == [f"logs/{name}.log: still being written, left for the next run" for name in ("a", "same")]
    assert (box.ledger(), box.bronze("logs")) == ([], [])
    box.land()
    rows = {r["name"]: (r["status"], r["records"]) for r in box.ledger()}
    if what == "gets another time":
        assert rows == {"a.log": ("landed", 1), "same.log": ("duplicate", 1)}
    else:
        assert rows["same.log"] == ("landed", 1)
        assert rows.get("a.log") == (("landed", 2) if what == "grows" else None)
    assert len(box.bronze("logs")) == sum(records for status, records in rows.values() if status == "landed")
