"""The one list of reasons: complete, each name one fault, and printed in the documents."""

from lakehouse.datasets import DATASETS
from lakehouse.judging.rules import type_rules
from lakehouse.reasons import all_reasons, markdown, sentence
from lakehouse.settings import ROOT


def test_every_rule_has_a_reason_with_a_sentence_and_a_remedy() -> None:
    known = all_reasons()
    for dataset in DATASETS.values():
        assert {rule.name for rule in (*type_rules(dataset), *dataset.rules)} <= known.keys()
    for reason in known.values():
        assert reason.sentence.endswith(".")
        assert reason.remedy.endswith(".")
    assert len({reason.sentence for reason in known.values()}) == len(known)


def test_no_name_of_a_dataset_hides_one_that_all_have() -> None:
    own = [rule.name for dataset in DATASETS.values() for rule in dataset.rules if rule.sentence]
    assert len(own) == len(set(own))
    assert list(all_reasons()).count("required") == 1


def test_a_reason_of_old_rules_is_told_by_its_name() -> None:
    assert sentence("duplicate") == "A record with the same key and content came before."
    assert sentence("of_old") == "of_old"


def test_the_document_is_made_from_the_list() -> None:
    assert (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8") == markdown()
