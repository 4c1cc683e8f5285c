"""What stands around the code: one version, the licence that is declared, and checks that run the Makefile's."""

import configparser
import re

import yaml

from lakehouse.settings import ROOT


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def metadata() -> configparser.SectionProxy:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser["metadata"]


def test_the_newest_release_of_the_changelog_is_the_version_of_setup_cfg() -> None:
    heads = re.findall(r"^## \[(.+?)\](.*)$", read("CHANGELOG.md"), re.MULTILINE)
    assert heads[0] == ("Unreleased", "")
    assert heads[1][0] == metadata()["version"]
    assert all(re.fullmatch(r" - \d{4}-\d\d-\d\d", date) for _, date in heads[1:])
    kinds = set(re.findall(r"^### (.+)$", read("CHANGELOG.md"), re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_the_licence_is_the_whole_text_of_the_declared_one() -> None:
    assert metadata()["license"] == "Apache-2.0"
    text = read("LICENSE")
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert re.findall(r"^   (\d)\. ", text, re.MULTILINE) == [str(number) for number in range(1, 10)]
    assert "END OF TERMS AND CONDITIONS" in text


def test_a_commit_is_checked_by_make_lint_and_by_nothing_else() -> None:
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    (hook,) = repository["hooks"]
    assert repository["repo"] == "local"
    assert (hook["entry"], hook["language"], hook["pass_filenames"]) == ("make lint", "system", False)


def test_the_workflow_runs_what_ci_runs_with_pinned_actions() -> None:
    (job,) = yaml.safe_load(read(".github/workflows/ci.yml"))["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in used)
