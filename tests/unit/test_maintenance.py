"""Small files stay few and rows are seldom rewritten, however many batches a stream brings."""

import random
from collections.abc import Sequence

import pytest

from lakehouse.lake import maintenance
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.state import Standing, State

BATCHES = 5_000


def standing(files: Sequence[DataFile]) -> Standing:
    return Standing("id", len(files), State(), tuple(files))


def merged(files: Sequence[DataFile]) -> DataFile:
    rows, size = sum(file.rows for file in files), sum(file.size for file in files)
    return DataFile(f"compact {files[0].path}", size, rows, side=files[0].side)


@pytest.mark.parametrize("largest", [2_000, 60_000, 900_000])
def test_files_stay_few_and_rows_are_rewritten_a_few_times(largest: int) -> None:
    chance, files, rewritten = random.Random(largest), [], 0
    for number in range(BATCHES):
        for side in (False, True):
            files.append(DataFile(f"{number} {side}", chance.randint(largest // 4, largest), 1, side=side))
        for crowd in maintenance.crowds(standing(files)):
            assert len({file.side for file in crowd}) == 1
            gone = {file.path for file in crowd}
            files = [*(file for file in files if file.path not in gone), merged(crowd)]
            rewritten += sum(file.rows for file in crowd)
    assert sum(file.size < maintenance.SMALL for file in files) <= 2 * 4 * maintenance.ALIKE
    assert rewritten <= 5 * 2 * BATCHES
    assert sum(file.rows for file in files) == 2 * BATCHES
