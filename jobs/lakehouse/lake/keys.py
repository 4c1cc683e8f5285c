"""Which files of a silver table may hold a business key: by the hashes in them, read once and kept.

A step of a stream has a thousand new keys and millions that are stored. Reading those with Spark, key by key, took
longer than all the rest of the step; of the hashes alone, those of new files are read and all are compared, ten
nanoseconds each.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import PyFileSystem

from lakehouse.lake import losses, native
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.store import Lake

# Bytes of hashes that are kept, eight a row. What is beyond is read anew each time.
KEPT = 128 << 20


class KeyHashes:
    """The hashes of business keys in the data files of a lake's silver tables; a data file never changes."""

    def __init__(self, lake: Lake, most: int = KEPT) -> None:
        self._lake, self._most = lake, most
        self._kept: dict[tuple[str, str], pa.Array] = {}

    def files_with(self, name: str, new: Iterable[DataFile], stored: Sequence[DataFile]) -> list[DataFile]:
        """Return those files of `stored` in which a row may have the key of a row of `new`, files of the same table.

        Both hold good rows. A file without rows of those keys is returned with a chance of one in 10^19 a pair of rows.
        Raises ServiceError where the lake does not answer, LossError where a stored file is not what was written.
        """

        def work() -> list[DataFile]:
            store = PyFileSystem(DeltaStorageHandler(self._lake.address(name)))
            self._forget(name, stored)
            wanted = pa.concat_arrays([pa.array([], pa.int64()), *(_hashes(store, file) for file in new)])
            return [file for file in stored if pc.any(pc.is_in(self._of(store, name, file), wanted)).as_py()]

        losses.check_files(self._lake, name, [file for file in stored if (name, file.path) not in self._kept])
        return self._lake.call(name, work, native.QUERY_SECONDS)

    def _forget(self, name: str, stored: Iterable[DataFile]) -> None:
        """Forget the files that a table does not consist of any more."""
        there = {file.path for file in stored}
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != name or key[1] in there}

    def _of(self, store: PyFileSystem, name: str, file: DataFile) -> pa.Array:
        key = name, file.path
        if key in self._kept:
            return self._kept[key]
        hashes = _hashes(store, file)
        if sum(kept.nbytes for kept in self._kept.values()) + hashes.nbytes <= self._most:
            self._kept[key] = hashes
        return hashes


def _hashes(store: PyFileSystem, file: DataFile) -> pa.Array:
    """Return the hashes of the keys in a file, without threads of Arrow, which could outlive the interpreter."""
    with store.open_input_file(file.path) as opened:
        column = pq.ParquetFile(opened, pre_buffer=False).read(["key_hash"], use_threads=False)["key_hash"]
    return pa.concat_arrays([pa.array([], pa.int64()), *column.drop_null().chunks])
