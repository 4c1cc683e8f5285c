"""The progress of continuous mode: a line for terminals, and a word in the lake that grows old."""

import time
from io import StringIO
from pathlib import Path

import pytest

from lakehouse.lake import Lake, progress
from lakehouse.lake.progress import Reporter


class Terminal(StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path.as_uri())


def test_a_terminal_shows_a_line_and_a_pipe_does_not(lake: Lake) -> None:
    terminal, pipe = Terminal(), StringIO()
    for out in (terminal, pipe):
        Reporter(lake, "run", out).step(1234, 2.0)
    assert "lag 1,234 records, 2.0 s  617 records/s" in terminal.getvalue()
    assert pipe.getvalue() == ""


def test_the_lake_is_told_now_and_then_and_forgets_at_the_end(lake: Lake) -> None:
    reporter = Reporter(lake, "run", StringIO())
    assert progress.read(lake) is None
    reporter.step(10, 0.5)
    reporter.step(20, 0.5)
    told = progress.read(lake)
    assert told is not None
    assert (told.run_id, told.lag_records, told.lag_seconds, told.records_per_second) == ("run", 10, 0.5, 20)
    reporter.end()
    assert progress.read(lake) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"at": 1}'], ids=["empty", "half", "a list", "other fields"])
def test_what_cannot_be_read_is_no_progress(lake: Lake, content: bytes) -> None:
    lake.files.replace(f"{lake.url}/_progress.json", content)
    assert progress.read(lake) is None


def test_an_old_word_says_nothing_of_now(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    Reporter(lake, "run", StringIO()).step(10, 0.5)
    later = time.time() + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert progress.read(lake) is None
