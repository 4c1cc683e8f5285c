"""The cases of bad and of strange input that tests hold, from the tables of the tests: docs/cases.md.

`PYTHONPATH=jobs:tests:tests/judging:tests/unit python -m case_catalogue > docs/cases.md`.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module

import test_formats
import test_judging_corners
import test_landing
from judging_cases import Case

from lakehouse.datasets import DATASETS

RECORDS: dict[str, Sequence[Case]] = {
    name: [*import_module(f"test_judge_{name}").CASES, *test_judging_corners.TABLES.get(name, ())] for name in DATASETS
}
# What happens on the broker, with how the name of the test in tests/integration that holds it begins.
KAFKA = (
    (
        "K11 a message over the broker's limit",
        "the producer names it, counts it and goes on",
        "test_produce.py::test_a_message_over_the_limit_is_named_and_the_others_arrive",
    ),
    ("K12 an aborted transaction", "no record comes of it", "test_real_path.py::test_an_aborted_transaction"),
    (
        "K13 offsets without a record",
        "told as gaps; the balance sheet closes",
        "test_real_path.py::test_an_aborted_transaction",
    ),
    ("K14 no broker", "the run ends, naming the address", "test_chain.py::test_without_a_broker_a_job"),
    (
        "K16 offsets that were dropped unread",
        "the run ends, naming topic, partition and offsets",
        "test_chain.py::test_offsets_that_were_lost",
    ),
    ("K18 a topic that was made anew", "the run ends, naming it", "test_chain.py::test_a_topic_that_was_made_anew"),
    (
        "K20 partitions that were added",
        "all messages come in",
        "test_real_path.py::test_messages_in_partitions_that_were_added",
    ),
)
_ID = re.compile(r"^[A-Z]\d\d?\b ?")


def markdown() -> str:
    """Return docs/cases.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Cases"
    yield ""
    yield "What becomes of bad and of strange input. Every line is a case of a test. [reasons.md](reasons.md) says what"
    yield "each reason means. Made by `python -m case_catalogue` (see tests/case_catalogue.py)."
    yield from ("", "## Files", "", "| input | outcome |", "|---|---|")
    refused = {name: reason.partition(":")[0] for name, (_, _, reason) in test_formats.REJECTED.items()}
    refused |= {name: reason for name, (_, _, reason) in test_landing.REFUSED.items()}
    for name in [*test_formats.SHAPES, *test_landing.CUT]:
        yield f"| {_shown(name)} | its records come in |"
    for name, reason in refused.items():
        yield f"| {_shown(name)} | the file is refused: `{reason}` |"
    for dataset, cases in RECORDS.items():
        yield from ("", f"## Records of {dataset}", "", "| record | outcome |", "|---|---|")
        for case in cases:
            outcome = ", ".join(f"`{reason}`" for reason in case.reasons)
            yield f"| {_shown(case.id)} | {'quarantine: ' + outcome if outcome else 'silver'} |"
    yield from ("", "## On the broker", "", "| what happens | outcome | held by |", "|---|---|---|")
    for name, outcome, test in KAFKA:
        yield f"| {_shown(name)} | {outcome} | `{test}` |"


def _shown(text: str) -> str:
    plain = _ID.sub("", text).replace("|", "\\|").replace("<", "&lt;").encode("unicode_escape").decode("ascii")
    return plain if len(plain) < 100 else f"{plain[:100]}…"


if __name__ == "__main__":
    sys.stdout.write(markdown())
