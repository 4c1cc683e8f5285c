"""Records taken out of the lake for good: out of what comes in, out of bronze and silver, and out of what was before.

What takes the place of a file is written and committed first; then the older versions of the tables end, with their
data files and with the log, whose statistics may hold values too. Done again after any cut it ends the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import polars as pl
import pyarrow as pa

from lakehouse.errors import IntegrityError
from lakehouse.lake import data_files, forgotten, log, native
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.forgotten import Named, Row, Words
from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset

# Who a record is within its dataset.
_WHO = ["source_id", "position"]


@dataclass
class Rewritten:
    """Files that held records that go, those that take their places, and how many rows went by version of the rules."""

    removed: list[DataFile] = field(default_factory=list)
    added: list[DataFile] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)


def search(lake: Lake, dataset: Dataset, files: Iterable[DataFile], named: Named) -> tuple[list[Row], int]:
    """Return the records in files of bronze that a value names, and how many others hold its bytes elsewhere."""
    name, rows, others = f"bronze.{dataset.name}", list[Row](), 0
    for file in files:

        def work(file: DataFile = file) -> tuple[list[Row], int]:
            found, rest = list[Row](), 0
            for batch in data_files.read(lake.address(name), [file], lake.table(name)):
                hits = forgotten.find(batch, dataset, named)
                held = named.mentioned(batch["raw"])
                rest += int(held.sum()) - int(held.gather(hits["row"].unique()).sum())
                found += hits.drop("row").to_dicts()
            return found, rest

        found, rest = lake.call(name, work, native.QUERY_SECONDS)
        rows += found
        others += rest
    return rows, others


def refuse(
    lake: Lake, dataset: Dataset, batch: int, files: Sequence[DataFile], words: Words, run_id: str
) -> list[DataFile]:
    """Take what was forgotten out of a batch of bronze that is not committed yet; return the files to be committed.

    The ledger is told first: what it says of records that no table has read counts for nothing. What a killed run wrote
    for the same batch, from the same records, goes too.
    """
    name = f"bronze.{dataset.name}"

    def work() -> list[Row]:
        batches = data_files.read(lake.address(name), files, lake.table(name))
        return [row for batch in batches for row in forgotten.find(batch, dataset, words).to_dicts()]

    rows = lake.call(name, work, native.QUERY_SECONDS)
    if not rows:
        return list(files)
    forgotten.record(lake, dataset.name, rows, run_id)
    made = without(lake, name, files, pl.DataFrame(rows).select(_WHO).unique())
    kept = {file.path for file in files if file not in made.removed}
    for path in lake.files.list(lake.address(name)):
        if path.startswith(data_files.prefix(batch)) and path not in kept:
            lake.files.delete(f"{lake.address(name)}/{path}")
    return [*(file for file in files if file not in made.removed), *made.added]


def without(lake: Lake, name: str, files: Iterable[DataFile], gone: pl.DataFrame) -> Rewritten:
    """Write those files of a table again that hold records of `gone` (source_id, position), without these."""
    table, made = lake.table(name), Rewritten()
    judged = [column.name for column in table.columns if column.name == "rules_version"]
    for file in files:

        def look(file: DataFile = file) -> tuple[int, Counter[str]]:
            parts = data_files.read(lake.address(name), [file], table, [*_WHO, *judged])
            held = [part.filter(_is_in(part, gone)) for part in parts]
            rules = (part[column].to_pylist() for part in held for column in judged)
            return sum(part.num_rows for part in held), Counter(version for versions in rules for version in versions)

        def write(file: DataFile = file) -> list[DataFile]:
            rows = data_files.read(lake.address(name), [file], table)
            kept = (part.filter(pa.compute.invert(_is_in(part, gone))) for part in rows)
            return list(data_files.write(lake.files, lake.address(name), table, "kept", kept))

        count, rules = lake.call(name, look, native.QUERY_SECONDS)
        if count:
            made.removed.append(file)
            made.added += lake.call(name, write, native.QUERY_SECONDS)
            made.rules += rules
    return made


def _is_in(batch: pa.RecordBatch, gone: pl.DataFrame) -> pa.Array:
    """Return for each row whether it is a record of `gone`."""
    rows = pl.DataFrame({name: pl.Series(values=batch[name]) for name in _WHO})
    marked = rows.join(gone.with_columns(is_gone=True), on=_WHO, how="left", maintain_order="left")
    return marked["is_gone"].fill_null(False).to_arrow()


def sweep(lake: Lake, standings: dict[str, Standing], dataset: Dataset, run_id: str) -> None:
    """Take the records that the ledger calls forgotten out of bronze and of silver, a commit each where there are any.

    Both go on with another epoch, after which gold is computed anew.
    """
    gone = forgotten.records(lake, dataset.name).select(_WHO).unique()
    bronze, silver = f"bronze.{dataset.name}", f"silver.{dataset.name}"
    made = without(lake, bronze, standings[bronze].files, gone)
    if made.removed:
        state = standings[bronze].state
        # The files of the last batch stay told: a run that was killed may not have written them to the ledger.
        following = replace(state.next(run_id, files=state.files), epoch=state.epoch + 1)
        standings[bronze] = lake.commit(bronze, standings[bronze], made.added, following, removed=made.removed)
    made = without(lake, silver, standings[silver].files, gone)
    if made.removed:
        state = standings[silver].state
        source = state.source
        if source and not standings[bronze].files_after(source.batch):
            source = standings[bronze].as_source()
        rules = {version: left for version, n in state.rules.items() if (left := n - made.rules[version]) > 0}
        following = replace(state.next(run_id, source=source, rules=rules), epoch=state.epoch + 1)
        standings[silver] = lake.commit(silver, standings[silver], made.added, following, removed=made.removed)


def end_older_versions(lake: Lake, name: str, standing: Standing) -> int:
    """Delete all files of a table that its newest version does not need, its log before that too; return their number.

    Raises IntegrityError where the log could not be summed up, without which the table would be lost.
    """
    address = lake.address(name)
    summed = log.checkpoint_of(address, standing.version)
    if lake.files.age(summed) is None:
        log.sum_up(lake.files, address, standing.version)
    if lake.files.age(summed) is None:
        raise IntegrityError(f"The log of {name} in {lake.url} has gaps: its older versions were not ended.")
    kept = {*(file.path for file in standing.files), log.HINT}
    kept |= {url.removeprefix(f"{address}/") for url in (summed, log.file_of(address, standing.version))}
    # The oldest first: what is left of the log by a killed run reaches back without a gap.
    gone = sorted(path for path in lake.files.list(address) if path not in kept)
    for path in gone:
        lake.files.delete(f"{address}/{path}")
    return len(gone)
