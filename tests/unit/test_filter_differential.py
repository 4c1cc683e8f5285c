"""5,000 random filters give the same rows as an evaluator in plain Python, in memory and over pruned Delta files."""

from pathlib import Path
from random import Random

import filter_cases
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from lakehouse.query.errors import FilterError
from lakehouse.query.filter.conditions import compile_filter

ROWS = filter_cases.rows(300)
NUMBERED = filter_cases.SCHEMA.append(pa.field("n", pa.int64()))
TABLE = pa.Table.from_pylist([row | {"n": n} for n, row in enumerate(ROWS)], schema=NUMBERED)


def expected(case: filter_cases.Case) -> list[int]:
    return [n for n, row in enumerate(ROWS) if case.truth(row) is True]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 10))])
def test_500_random_filters_give_the_rows_of_the_evaluator(seed: int) -> None:
    rng = Random(seed)
    found_some = 0
    for _ in range(500):
        case = filter_cases.case(rng)
        condition = compile_filter(case.text, filter_cases.SCHEMA)
        found = TABLE.filter(condition.expression)["n"].to_pylist()
        assert found == expected(case), case.text
        found_some += 0 < len(found) < len(ROWS)
    assert found_some > 250


def test_pruning_by_the_statistics_of_delta_files_changes_no_answer(tmp_path: Path) -> None:
    ordered = TABLE.sort_by([("amount", "ascending"), ("product", "ascending")])
    for start in range(0, 300, 50):
        write_deltalake(tmp_path / "t", ordered.slice(start, 50), mode="append")
    dataset = DeltaTable(tmp_path / "t").to_pyarrow_dataset()
    rng = Random(99)
    for _ in range(400):
        case = filter_cases.case(rng, depth=1)
        condition = compile_filter(case.text, filter_cases.SCHEMA)
        table = dataset.to_table(columns=["n"], filter=condition.expression, use_threads=False)
        assert sorted(table["n"].to_pylist()) == expected(case), case.text


WORDS = [
    *("quantity", "product", "time", "1", "'a'", "2.5", "-", "NULL", "true", "DATE", "TIMESTAMP", "'2024-01-01'"),
    *("=", "<>", "<", ">=", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "ILIKE", "ESCAPE", "IS", "(", ")", ","),
    *('"amount"', "count", "select", ";", "--", "is_new", "''", "*", ".", "::", "||", "(SELECT 1)", "\x00", "/*"),
]


def test_a_filter_with_words_swapped_lost_or_added_is_compiled_or_refused_and_nothing_else() -> None:
    rng = Random(5)
    compiled = 0
    for _ in range(4_000):
        words = filter_cases.case(rng, depth=1).text.split(" ")
        for _ in range(rng.randint(1, 3)):
            at = rng.randrange(len(words) + 1)
            words[at : at + rng.randint(0, 1)] = rng.choices(WORDS, k=rng.randint(0, 2))
        try:
            condition = compile_filter(" ".join(words), filter_cases.SCHEMA)
        except FilterError:
            continue
        TABLE.filter(condition.expression)
        compiled += 1
    assert compiled > 200
