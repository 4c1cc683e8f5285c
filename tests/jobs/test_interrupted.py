"""Ctrl-C ends a stream wherever it comes."""

import signal
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

import pipeline
from lakehouse.lake import Lake, runs
from lakehouse.settings import load
from lakehouse.spark import main
from lakehouse.spark.run import Run


class CtrlC:
    """Sends itself the signal where an exception goes nowhere: while it is finalized."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Handle Ctrl-C as the jobs do, but for the end by force."""
    monkeypatch.setattr(main, "ENDING", 3600.0)
    before = signal.signal(signal.SIGINT, main._interrupt)
    yield
    signal.signal(signal.SIGINT, before)
    main.asked_to_end.clear()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_stream_ends_well_though_a_finalizer_swallows_the_exception(
    handled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, steps = Lake((tmp_path / "lake").as_uri()), iter("ab")

    def step(*_: object) -> bool:
        assert next(steps, None), "the stream goes on"
        CtrlC()
        return False

    monkeypatch.setattr(pipeline, "step", step)
    # A step that does nothing needs neither a broker nor a session.
    monkeypatch.setattr(pipeline, "Upstream", nullcontext)
    monkeypatch.setattr(Run, "warm_up", lambda _: None)
    settings = load({"LAKEHOUSE_URL": lake.url, "LAKEHOUSE_INBOX": str(tmp_path), "STREAM_INTERVAL": "1"})
    job = Run("stream", settings, lake, lake.make_tables(), is_continuous=True)
    with runs.recorded(lake, "stream", job.run_id, job.counts):
        pipeline.follow(job)
    assert runs.newest(lake, 1)["status"].to_pylist() == ["succeeded"]
