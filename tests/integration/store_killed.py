"""What is asked of a lake whose store is killed, or frozen, in the middle of the answer: whole, or an error."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import api_answers
from api_live import Reply, Server
from sample_lake import records
from test_api_on_hdfs import ask
from waiting import wait_until

from lakehouse.query import limits
from lakehouse.settings import ROOT

# Rows of a file that is added to silver.logs, and how many files.
ROWS, FILES = 40_000, 3
# What keeps its slot until the store goes on: an export and a metric with a question.
SLOTTED = ("/api/export/?table=silver.transactions", "/api/status-code-counts/?by=day&from=2024-11-11")
GOOD = ROWS * FILES + sum(not record.reasons for record in records("logs", 300))


def _export(server: Server, token: str) -> Reply:
    headers = {"Authorization": f"Bearer {token}"}
    answer = server.request("GET", "/api/export/?table=silver.logs&columns=path", headers=headers)
    assert len(answer.body) == int(answer.headers["Content-Length"])
    return answer


def an_export(server: Server, token: str, kill: Callable[[], object]) -> None:
    """Kill the store when the first rows of an export are written: it is an error, or whole where the store is back.

    Either way the user may ask for the next one.
    """
    folder, answers = server.home / "api" / "exports", list[Reply]()
    others = set(folder.glob("*"))
    thread = threading.Thread(target=lambda: answers.append(_export(server, token)))
    thread.start()
    wait_until(lambda: any(map(_size, set(folder.glob("*")) - others)), 30, "nothing is written", 0.005)
    kill()
    thread.join(limits.EXPORT_SECONDS + 5)
    (answer,) = answers
    if answer.status != 200:
        assert (answer.status, answer.json()["error"]) == (503, "unavailable")
        assert set(folder.glob("*")) <= others
        wait_for_store(server, token)
        answer = _export(server, token)
    assert (answer.status, int(answer.headers["X-Total-Rows"])) == (200, GOOD)
    assert answer.body.count(b"\r\n") == GOOD + 1


def wait_for_store(server: Server, token: str) -> None:
    query = "SELECT count(*) FROM silver.logs"
    wait_until(lambda: api_answers.sql(server, token, query).status == 200, 60, "the store is not back", 0.5)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def a_shell(environ: dict[str, str], kill: Callable[[], object]) -> None:
    """Kill the store when `make sql FORMAT=csv` has printed its first line: it gives all rows, or fails in words."""
    words = [sys.executable, "jobs/sql.py", "SELECT path FROM silver.logs", "--format=csv"]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, cwd=ROOT, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "path\n"
        kill()
        rows, said = process.communicate(timeout=120)
    assert (process.returncode, rows.count("\n") == GOOD) in ((0, True), (1, False)), said
    assert "Traceback" not in said
    if process.returncode:
        assert "The lake cannot be read" in said


def while_frozen(server: Server, token: str) -> None:
    """Ask while the store is frozen: each answer comes by its deadline; SQL leaves its slot free for the next."""
    export, question = SLOTTED
    assert [ask(server, token, route).status for route in (export, export, question)] == [503, 429, 503]
    started = time.monotonic()
    answer = api_answers.sql(server, token, "SELECT count(*) FROM silver.logs")
    assert (answer.status, answer.json()["error"]) == (503, "unavailable")
    assert time.monotonic() - started < limits.SQL_SECONDS + 2
    assert api_answers.sql(server, token, "no SQL").status == 400
