"""Which files of a table may hold a key: found by the hashes in them, which are read once and kept within bounds."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from empty_lake import make_empty

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, data_files, keys, schemas
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.keys import KeyHashes

SILVER = schemas.silver(DATASETS["transactions"])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return make_empty(tmp_path.as_uri())


def written(lake: Lake, hashes: Sequence[int | None]) -> DataFile:
    """Write a file of good rows with these hashes of their keys."""
    rows = [{"quarantined": False, "batch": 1, "position": n, "key_hash": key} for n, key in enumerate(hashes)]
    batch = pa.RecordBatch.from_pylist(rows, schema=schemas.arrow_schema(SILVER.columns))
    (file,) = data_files.write(lake.files, lake.address(SILVER.name), SILVER, "1", [batch])
    return file


def test_the_files_with_one_of_the_keys_are_found(lake: Lake) -> None:
    stored = [written(lake, hashes) for hashes in ([1, 2, 3], [4, None], [-5, 3], [None])]
    known = KeyHashes(lake)

    def found(*hashes: int | None) -> list[int]:
        return [stored.index(file) for file in known.files_with(SILVER.name, [written(lake, hashes)], stored)]

    assert found(3) == [0, 2]
    assert found(4, -5, None) == [1, 2]
    assert found(6, 7) == []
    assert found(None) == []
    assert known.files_with(SILVER.name, [], stored) == []


def test_a_file_is_read_once_and_no_more_is_kept_than_there_is_room_for(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, new, read = [written(lake, [n, n + 1]) for n in (1, 3, 5)], written(lake, [9]), list[DataFile]()
    hashes = keys._hashes

    def noted(store: Lake, file: DataFile) -> Any:
        read.append(file)
        return hashes(store, file)

    monkeypatch.setattr(keys, "_hashes", noted)
    roomy, narrow = KeyHashes(lake), KeyHashes(lake, most=16)
    for known, times in ((roomy, 1), (narrow, 3)):
        read.clear()
        for _ in range(3):
            assert known.files_with(SILVER.name, [new], stored) == []
        assert read.count(stored[-1]) == times
        assert read.count(stored[0]) == 1
    assert len(narrow._kept) == 1
