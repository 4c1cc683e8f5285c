"""LOG_FORMAT=json: each line of a job, a command and the API is an object with time, level, message and run."""

import json
import os
import re
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lakehouse.settings import ROOT

JOB = """
import sys
from lakehouse.errors import LakehouseError
from lakehouse.spark.main import main
from lakehouse.spark.run import LOG

def work(run):
    run.report("silver.logs", 1.25, rows=3, quarantined=1)
    LOG.info("caf\\u00e9 \\x1b[31m")
    if sys.argv[1] == "foreseen":
        raise LakehouseError("no lake")
    if sys.argv[1] == "unforeseen":
        raise RuntimeError("a fault")

sys.exit(main("look", work))
"""
REQUEST = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
from django.test import Client
Client().get("/api/eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.c2lnbmF0dXJl/", REMOTE_ADDR="192.0.2.77", HTTP_HOST="localhost")
"""


def run(folder: Path, code: str, *words: str, form: str = "json") -> subprocess.CompletedProcess[str]:
    environ = {
        **os.environ,
        "LOG_FORMAT": form,
        "LAKEHOUSE_URL": f"file://{folder}/lake",
        "STACK_HOME": str(folder / "stack"),
        "PYTHONPATH": ":".join(str(ROOT / part) for part in ("jobs", "api")),
    }
    command = [sys.executable, "-c", code, *words]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)


def lines(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [json.loads(line) for line in text.splitlines()]
    for line in found:
        assert datetime.fromisoformat(line["time"]).tzinfo is not None
        assert line["level"] in ("info", "warning", "error", "critical")
        assert line["message"]
    return found


@pytest.mark.parametrize("end", ["foreseen", "unforeseen"])
def test_a_job_says_each_line_with_its_run_however_it_ends(tmp_path: Path, end: str) -> None:
    done = run(tmp_path, JOB, end)
    assert done.returncode == 1
    assert done.stderr == ""
    said = lines(done.stdout)
    assert said[0]["message"] == "silver logs 3 rows 1 quarantined 1.2 s"
    assert {name: said[0][name] for name in ("table", "rows", "quarantined", "seconds")} == {
        "table": "silver.logs", "rows": 3, "quarantined": 1, "seconds": 1.25,
    }  # fmt: skip
    assert said[1]["message"] == "café \x1b[31m"
    assert done.stdout.isascii()
    assert len({line["run_id"] for line in said}) == 1
    assert {line["job"] for line in said} == {"look"}
    told = [(line["level"], line["message"]) for line in said[2:]]
    assert told == {
        "foreseen": [("error", "look failed: no lake")], "unforeseen": [("critical", "RuntimeError: a fault")],
    }[end]  # fmt: skip
    assert all(("trace" in line) == (line["level"] == "critical") for line in said)


def test_a_job_says_the_same_as_text_without_it(tmp_path: Path) -> None:
    done = run(tmp_path, JOB, "foreseen", form="text")
    assert re.match(r"silver  logs +3 rows  1 quarantined  1\.2 s\n", done.stdout)
    assert done.stdout.endswith("look failed: no lake\n")


@pytest.mark.parametrize("command", ["jobs/runs.py", "viz/plot_gold.py"])
def test_the_message_of_a_command_that_fails_is_an_object(tmp_path: Path, command: str) -> None:
    code = f"import runpy, sys; sys.path.insert(0, '.'); runpy.run_path({command!r}, run_name='__main__')"
    done = run(tmp_path, code)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = lines(done.stderr)
    assert line["level"] == "error"


def test_a_setting_that_cannot_be_used_is_told_as_text(tmp_path: Path) -> None:
    done = run(tmp_path, "import runpy; runpy.run_path('jobs/runs.py', run_name='__main__')", form="xml")
    assert (done.returncode, done.stderr.startswith("runs: LOG_FORMAT='xml' cannot be used")) == (2, True)


def test_the_api_says_each_request_in_an_object_and_no_secret(tmp_path: Path) -> None:
    done = run(tmp_path, REQUEST)
    line = lines(done.stderr)[-1]
    assert line["status"] == 404
    assert re.fullmatch(r"GET /api/\[token\]/ 404 \S+ ms 192\.0\.2\.0 [0-9a-f]{32}", line["message"])
    assert line["message"].endswith(line["request_id"])
    assert line["seconds"] > 0


def test_a_command_goes_on_unread_where_its_reader_has_left(tmp_path: Path) -> None:
    script = "from pathlib import Path; from lakehouse.logs import say; say('one'); say('two'); Path('done').touch()"
    reader, writer = os.pipe()
    os.close(reader)
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "jobs")}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize("command", ["jobs/sql.py SELECT+1", "jobs/runs.py", "-m docker.native.stack status"])
def test_a_full_disk_under_standard_output_is_told_in_a_line(tmp_path: Path, command: str, sample_lake: str) -> None:
    words = [word.replace("+", " ") for word in command.split()]
    places = {"LAKEHOUSE_URL": sample_lake, "STACK_HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "jobs")}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=ROOT,
            env=os.environ | places,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    *_, told = done.stderr.decode().splitlines()
    assert "Standard output cannot be written to (No space left on device)" in told
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr


def test_with_standard_output_closed_a_command_prints_into_no_file() -> None:
    command = ["bash", "-c", "exec >&-; source conf/env.sh && readlink /proc/$$/fd/1 >&2"]
    done = subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=True)
    assert done.stderr == "/dev/null\n"


def test_ctrl_c_while_a_command_still_imports_shows_no_trace() -> None:
    code = "import lakehouse, os, signal; os.kill(os.getpid(), signal.SIGINT); import lakehouse.command"
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "jobs")}
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGINT, b"")
