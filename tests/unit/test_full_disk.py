"""A folder for temporary files without room: the command says which and what to do, and the next one goes on.

The kernel refuses what goes beyond a limit of a file's size, which needs no small disk and nobody's rights.
"""

import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from inbox_box import HEADER, LOG, ROW, Box

from lakehouse.lake import ledger
from lakehouse.settings import ROOT

LAND = """
import sys
from lakehouse import command
from lakehouse.landing.land import Inbox
from lakehouse.settings import load
sys.exit(command.run("land", lambda lake: bool(Inbox(lake, load().inbox, lake.make_tables()).land("run").ignored)))
"""
OTHERS = {
    "restore": (str(ROOT / "jobs" / "restore.py"), "table", "bronze.logs", "1"),
    "maintain": (str(ROOT / "jobs" / "maintain.py"),),
}
COMMANDS = {"landing": ("-c", LAND), **OTHERS}


def run(box: Box, name: str, folder: Path, most: int) -> subprocess.CompletedProcess[str]:
    """Run a command whose files may have so many bytes."""
    environ = {**os.environ, "LAKEHOUSE_URL": box.settings.lake, "LAKEHOUSE_INBOX": str(box.settings.inbox)}
    environ |= {"PYTHONPATH": str(ROOT / "jobs"), "TMPDIR": str(folder)}
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    command = [sys.executable, *COMMANDS[name]]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, preexec_fn=limit)


@pytest.mark.parametrize("name", ["landing", *(pytest.param(name, marks=pytest.mark.long) for name in OTHERS)])
def test_a_full_folder_for_temporary_files_is_named_and_the_next_run_goes_on(
    box: Box, name: str, tmp_path: Path
) -> None:
    for number in (1, 2):
        box.put(f"logs/{number}.log", LOG * number)
        box.put(f"transactions/{number}.csv", HEADER + ROW * number)
        box.land()
    box.put("logs/3.log", LOG * 3)
    (folder := tmp_path / "full").mkdir()
    done = run(box, name, folder, 600)
    assert done.returncode == 1, done.stdout
    assert f"The folder for temporary files, {folder}, is full. Free some space there, or set TMPDIR" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(folder.glob("lakehouse-*/*")) == []
    assert all(line.is_closed for line in ledger.balance(box.lake))
    done = run(box, name, folder, resource.RLIM_INFINITY)
    assert done.returncode == 0, done.stderr
    assert all(line.is_closed for line in ledger.balance(box.lake))
    box.land()
    assert len(box.bronze("logs")) == 6
