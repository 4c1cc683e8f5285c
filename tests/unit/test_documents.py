"""The documents say what is there: links, anchors, files, make targets, tests, and what is made from the code."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import DOCUMENTS, meaning_of

from lakehouse.lake.schemas import tables
from lakehouse.settings import ROOT

LISTED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.splitlines()
PAGES = sorted(name for name in LISTED if name.endswith(".md"))
TARGETS = set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
# Where a path in a text may begin, beside the project and the page's own folder.
PLACES = (ROOT, ROOT / "jobs" / "lakehouse", ROOT / "conf")
# A path of a file that is committed; what is made below build/ and data/ is not.
KINDS = "py|md|sh|env|conf|yaml|yml|json|xml|properties|options|txt|toml"
FILE = rf"(?!build/|data/|/)[\w.-]+(?:/[\w.-]+)*/[\w.-]+\.(?:{KINDS})"


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as the hosting sites make them."""
    prose = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def broken(page: str) -> Iterator[str]:
    """Yield the links of a page that lead nowhere in the project."""
    for link in re.findall(r"\]\(([^)\s]+)\)", text(page)):
        if re.match(r"https?:", link):
            continue
        name, _, anchor = link.partition("#")
        path = (ROOT / page).parent / name if name else ROOT / page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            yield link


@pytest.mark.skipif(not LISTED, reason="not a git checkout")
def test_there_are_pages_to_look_at() -> None:
    assert {"README.md", "docs/architecture.md", "docs/howto/README.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_each_link_and_anchor_of_a_page_leads_somewhere(page: str) -> None:
    assert list(broken(page)) == []


@pytest.mark.parametrize("page", PAGES)
def test_each_target_of_make_that_a_page_names_is_there(page: str) -> None:
    named = re.findall(r"(?:`|^|[A-Z_]=\S+ )make ([a-z][a-z-]*)", text(page), re.MULTILINE)
    assert set(named) <= TARGETS


@pytest.mark.parametrize("page", PAGES)
def test_each_file_that_a_page_names_is_there(page: str) -> None:
    named = [name for name in re.findall(rf"`({FILE})(?:::\w+)?`", text(page)) if "NAME" not in name]
    places = (*PLACES, (ROOT / page).parent)
    assert not [name for name in named if not any((place / name).exists() for place in places)]


def test_a_broken_link_is_seen() -> None:
    heads = anchors(ROOT / "README.md")
    assert "add-a-dataset" in heads
    assert "no-such-heading" not in heads
    assert re.fullmatch(FILE, "tests/no/such.py")


def test_each_claim_names_a_test_that_is_there() -> None:
    rows = re.findall(r"^\| (.+) \| `(tests/[\w/]+\.py)::(test_\w+)` \|$", text("docs/claims.md"), re.MULTILINE)
    assert len(rows) == text("docs/claims.md").count("\n| ") - 1
    assert not [claim for claim, file, name in rows if not re.search(rf"^def {name}\(", text(file), re.MULTILINE)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_made_from_the_code_is_of_today(name: str) -> None:
    assert text(f"docs/{name}") == DOCUMENTS[name](), "PYTHONPATH=jobs:tests python -m documents"


def test_each_column_of_each_table_has_a_meaning() -> None:
    assert not [f"{t.name}.{c.name}" for t in tables().values() for c in t.columns if not meaning_of(t, c)]


def test_each_word_of_the_glossary_stands_once_in_the_order_of_the_alphabet() -> None:
    words = re.findall(r"^\| ([a-z][a-z ,]*) \|", text("docs/glossary.md"), re.MULTILINE)[1:]
    assert words == sorted(set(words))


def test_a_record_changes_its_form_in_at_most_fifteen_functions_and_each_is_there() -> None:
    steps = re.findall(r"^\| \d+ \| `(\w+)` in `([\w/]+\.py)` \|", text("docs/architecture.md"), re.MULTILINE)
    assert 10 < len(steps) <= 15
    assert not [name for name, file in steps if not re.search(rf"^ *def {name}\(", text(file), re.MULTILINE)]
