"""Which version of the code a run names."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from lakehouse import version


def test_the_version_of_the_code_is_asked_for_without_a_lock_on_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    assert version.code_version() == "unknown"
    (file := tmp_path / "file").write_text("one", "utf-8")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "file"], [*identity, "commit", "--quiet", "--message", "one"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    os.utime(file, (1_700_000_000, 1_700_000_000))
    index = (tmp_path / ".git" / "index").read_bytes()
    told = version.code_version()
    assert re.fullmatch("[0-9a-f]{7,}", told)
    file.write_text("two", "utf-8")
    assert version.code_version() == f"{told}-dirty"
    # A git that takes the lock writes down when it saw the file.
    assert (tmp_path / ".git" / "index").read_bytes() == index


def test_packed_code_knows_the_version_that_it_was_packed_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "ROOT", tmp_path)
    (tmp_path / "CODE_VERSION").write_text("1234567-dirty", "utf-8")
    assert version.code_version() == "1234567-dirty"
