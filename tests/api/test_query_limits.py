"""What keeps one user from using up the API: refusals before a scan, deadline, scan cap, two queries at a time."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_query import URL, rows_of
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from filter_hostile import HOSTILE

from config.errors import TooManyError
from lakehouse.errors import ServiceError
from lakehouse.query import limits
from lakehouse.query.scan import Scan
from lakes import reads
from query import run, slots

ASKED = {"table": "silver.logs"}


class Gate:
    """Holds every scan until it is opened, and knows how many came."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.came = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.open = threading.Event()
        run_scan = Scan.run

        def held(scan: Scan) -> object:
            self.came.release()
            try:
                assert self.open.wait(30)
                return run_scan(scan)
            finally:
                self.ended.release()

        monkeypatch.setattr(Scan, "run", held)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(monkeypatch)
    yield made
    made.open.set()


def test_no_hostile_filter_reaches_a_scan(engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def scanned(*_: object) -> None:
        raise AssertionError("a hostile filter reached a scan")

    monkeypatch.setattr(Scan, "run", scanned)
    for texts in HOSTILE.values():
        for text in texts:
            asked: dict[str, str | bytes] = {**ASKED, "filter": text.encode("utf-8", "surrogatepass")}
            answer = engineer.get(URL, asked)
            assert answer.status_code == 400, text
            assert set(answer.json()) == {"error", "detail", "request_id"}
            assert not any(word in str(answer.json()) for word in ("sqlglot", "Traceback", "Error(", "file:/", "/tmp"))


def test_a_query_past_its_deadline_is_503_naming_it_and_stops(
    engineer: Client, served: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.01)
    answer = engineer.get(URL, ASKED)
    assert answer.status_code == 503
    assert "0.01 s" in answer.json()["detail"]
    assert answer.headers["Retry-After"]


def test_a_slot_is_free_again_only_when_its_scan_has_really_ended(
    engineer: Client, served: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.01)
    for _ in range(2):
        assert engineer.get(URL, ASKED).status_code == 503
    third = engineer.get(URL, ASKED)
    assert third.status_code == 429
    assert third.headers["Retry-After"]
    monkeypatch.setattr(limits, "SECONDS", 5.0)
    gate.open.set()
    user = User.objects.get()
    for _ in range(200):
        try:
            slots.take(settings.STATE / "slots", user.pk)()
            break
        except TooManyError:
            assert gate.ended.acquire(timeout=5)
    assert engineer.get(URL, ASKED).status_code == 200


def test_another_user_has_slots_of_their_own(
    engineer: Client, privileged: Client, served: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SECONDS", 0.01)
    assert [engineer.get(URL, ASKED).status_code for _ in range(3)] == [503, 503, 429]
    assert privileged.get(URL, ASKED).status_code == 503


def test_a_query_that_fails_frees_its_slot(engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Scan) -> None:
        raise OSError("the DataNode is gone")

    monkeypatch.setattr(Scan, "run", fails)
    assert [engineer.get(URL, ASKED).status_code for _ in range(5)] == [503] * 5


def test_a_panic_in_rust_is_an_error_of_the_request_only(
    engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Panic(BaseException):
        pass

    def panics(_: Scan) -> None:
        raise Panic("poisoned")

    monkeypatch.setattr(Scan, "run", panics)
    assert [engineer.get(URL, ASKED).status_code for _ in range(3)] == [503] * 3


def test_slots_are_counted_over_processes_and_freed_by_a_crash(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from query import slots\n"
        "slots.take(Path(sys.argv[1]), 7); slots.take(Path(sys.argv[1]), 7)\n"
        "print('taken', flush=True); sys.stdin.read()"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        with pytest.raises(TooManyError):
            slots.take(tmp_path, 7)
        slots.take(tmp_path, 8)()
        other.kill()
    slots.take(tmp_path, 7)()


def test_all_users_together_have_so_many_and_who_has_none_is_told_so(tmp_path: Path) -> None:
    releases = [slots.take(tmp_path, user, "exports", 1, together=2) for user in (7, 8)]
    with pytest.raises(TooManyError, match=r"^All users together have 2 exports running"):
        slots.take(tmp_path, 9, "exports", 1, together=2)
    with pytest.raises(TooManyError, match=r"^You have 1 exports running"):
        slots.take(tmp_path, 7, "exports", 1, together=2)
    releases[0]()
    slots.take(tmp_path, 9, "exports", 1, together=2)()
    releases[1]()


def test_a_scan_over_the_cap_is_400_naming_it_and_pruned_files_do_not_count(
    engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "BYTES", 1_000)
    answer = engineer.get(URL, {**ASKED, "filter": "status >= 100"})
    assert answer.status_code == 400
    assert "0 MB are allowed" in answer.json()["detail"]
    pruned = engineer.get(URL, {**ASKED, "filter": "time < TIMESTAMP '1990-01-01 00:00:00'"})
    assert pruned.status_code == 200
    assert rows_of(pruned) == []
    assert pruned.headers["X-Bytes-Scanned"] == "0"


def test_a_table_that_cannot_be_opened_in_time_is_503_before_the_deadline(
    engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = threading.Event()
    monkeypatch.setattr(reads, "SECONDS", 0.01)
    monkeypatch.setattr(limits, "SECONDS", 3_600.0)
    monkeypatch.setattr(run, "_table", lambda *_: event.wait(30))
    answer = engineer.get(URL, ASKED)
    event.set()
    assert answer.status_code == 503
    assert "cannot be read" in answer.json()["detail"]


def test_a_lake_that_is_away_is_503(engineer: Client, served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise ServiceError("hdfs://secret:8020 refused")

    monkeypatch.setattr(run, "_table", away)
    answer = engineer.get(URL, ASKED)
    assert answer.status_code == 503
    assert "secret" not in answer.content.decode()
