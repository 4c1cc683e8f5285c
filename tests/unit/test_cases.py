"""The catalogue of cases is what the tests hold."""

from case_catalogue import KAFKA, RECORDS, markdown

from lakehouse.settings import ROOT


def test_the_document_is_made_from_the_tables() -> None:
    assert (ROOT / "docs" / "cases.md").read_text(encoding="utf-8") == markdown()


def test_every_case_has_a_name_of_its_own() -> None:
    for dataset, cases in RECORDS.items():
        names = [case.id for case in cases]
        assert len(names) == len(set(names)), dataset


def test_what_happens_on_the_broker_is_held_by_tests_that_are_there() -> None:
    for name, _, test in KAFKA:
        file, _, function = test.partition("::")
        assert f"def {function}" in (ROOT / "tests" / "integration" / file).read_text(encoding="utf-8"), name
