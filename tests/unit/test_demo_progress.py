"""What `make demo` shows while a stage runs: on a terminal what is done and said, in a pipe a line at its end."""

import contextlib
import os
import pty
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from producers import demo

SAID = (
    "bronze  logs   5 new  0.1 s",
    "bronze  logs   7 new  0.1 s",
    "silver  logs   12 rows  0 quarantined  0.1 s",
    "silver  a\x1b[31m  new column",
)
WELL = [[sys.executable, "-c", f"print({chr(10).join(SAID)!r})"]]
BADLY = [[sys.executable, "-c", "print('the cause'); raise SystemExit(3)"]]


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(demo, "LOG", tmp_path / "demo.log")
    monkeypatch.setenv("COLUMNS", "90")
    return tmp_path / "demo.log"


def shown(work: Callable[[], None]) -> str:
    """Return what a terminal gets while `work` runs."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        with os.fdopen(theirs, "w") as out, contextlib.redirect_stdout(out):
            work()
        text = b""
        # It comes in pieces; once nobody can write any more, the end of it is an error.
        with contextlib.suppress(OSError):
            while piece := terminal.read(65536):
                text += piece
    return text.decode()


def test_a_terminal_sees_the_tables_that_are_done_and_the_last_line() -> None:
    text = shown(lambda: demo._stage("the stage", WELL))
    assert f"2 of {demo._TABLES} tables  silver a�[31m new column" in text
    assert max(map(len, text.replace("\x1b[K", "\r").split("\r"))) < 90
    assert "\x1b[31m" not in text


def test_the_line_is_gone_before_what_failed_is_told(log: Path) -> None:
    def fail() -> None:
        with pytest.raises(demo.StageError, match="failed:\nthe cause"):
            demo._stage("it fails", BADLY)

    text = shown(fail)
    assert "it fails" in text
    assert text.endswith("\r\x1b[K")
    assert "the cause" in log.read_text()


def test_a_log_that_cannot_be_written_is_told_in_a_line(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log.mkdir()
    assert demo.main() == 1
    assert capsys.readouterr().err == f"demo: {log} cannot be written (Is a directory). Let this user write there.\n"


def test_a_pipe_gets_one_line_a_stage(capsys: pytest.CaptureFixture[str]) -> None:
    demo._stage("the stage", WELL)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("  the stage  ")
    assert line.endswith(" s")
