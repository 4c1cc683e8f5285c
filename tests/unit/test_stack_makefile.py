"""The Makefile explains itself and says only what its recipes print."""

import os
import re
import subprocess

import pytest

from lakehouse.settings import ROOT

MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = re.findall(r"^([a-z][a-z-]*):(?!=)", MAKEFILE, re.MULTILINE)
PHONY = {name for line in re.findall(r"^\.PHONY:(.*)$", MAKEFILE, re.MULTILINE) for name in line.split()}


def test_bare_make_prints_a_line_per_target_under_headings() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    shown = re.findall(r"^  make ([a-z-]+) +\S", done.stdout, re.MULTILINE)
    assert sorted(shown) == sorted(name for name in TARGETS if name != "help")
    assert re.search(r"Set-up.*Services.*Checks.*Cleaning", done.stdout, re.DOTALL)


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_phony(name: str) -> None:
    assert name in PHONY


def test_no_recipe_prints_its_own_text() -> None:
    loud = [line for line in re.findall(r"(?<!\\\n)^\t(.*)$", MAKEFILE, re.MULTILINE) if not line.startswith("@")]
    assert loud == []


def test_an_old_python_is_told_what_is_needed() -> None:
    recipe = subprocess.run(
        ["make", "--always-make", "--no-print-directory", ".venv/bin/python", "PYTHON=false"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert recipe.returncode != 0
    assert "Python 3.11 or newer is needed, but false is" in recipe.stderr


# Characters of the shell, of make and of a line, in what somebody asks for.
HOSTILE = 'it\'s "$17" $(shell echo no) $(x) `echo no` \\\n#; *'


@pytest.mark.parametrize("name", re.findall(r"\w+", re.findall(r"^ASKED := (.*)$", MAKEFILE, re.MULTILINE)[0]))
def test_what_is_asked_for_reaches_a_recipe_as_it_was_given(name: str) -> None:
    probe = f'--eval=probe: ; @printf %s "$${name}"'
    for words, environ in (([f"{name}={HOSTILE}"], os.environ), ([], {**os.environ, name: HOSTILE})):
        told = subprocess.run(["make", probe, "probe", *words], cwd=ROOT, env=environ, capture_output=True, check=True)
        assert told.stdout.decode() == HOSTILE


@pytest.mark.parametrize(
    ("target", "asked", "words"),
    [
        ("replay", {"DATASET": "a b", "REASON": "o'x"}, ["jobs/replay.py", "a b", "--reason=o'x"]),
        ("what-if", {"DATASET": "x;id"}, ["jobs/what_if.py", "x;id"]),
        ("forget", {"DATASET": "logs", "COLUMN": "$(id)"}, ["jobs/forget.py", "logs", "--column=$(id)"]),
    ],
)
def test_a_recipe_hands_on_what_is_asked_for_as_one_word(target: str, asked: dict[str, str], words: list[str]) -> None:
    given = [f"{name}={text}" for name, text in asked.items()]
    command = ["make", target, *given, "SUBMIT=printf '%s\\n'"]
    # Without a terminal and without KEY the job is the one to say what is missing.
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[-len(words) - 1 : -1] == words


def test_ci_runs_make_test_and_nothing_weaker() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    assert script.rstrip().endswith("\nmake test\nmake test-all")
    assert "|| true" not in script
    assert "set -euo pipefail" in script
