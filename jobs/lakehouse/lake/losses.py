"""What is looked at before a table is trusted, and said where records are gone; docs/losses.md has the ways on."""

from collections.abc import Iterable, Mapping

from lakehouse.datasets import DATASETS
from lakehouse.errors import LossError
from lakehouse.lake import data_files
from lakehouse.lake.data_files import DataFile
from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake

# Data files that a message names.
_NAMED = 3


def check(lake: Lake, standings: Mapping[str, Standing]) -> None:
    """Raise LossError for a table whose rows others than the jobs have changed, or that is an older one put back."""
    for name, standing in standings.items():
        if standing.foreign is not None:
            commits = lake.commit_of(name, standing.foreign) or ()
            what = next((a["commitInfo"]["operation"] for a in commits if "operation" in a.get("commitInfo", {})), "?")
            raise LossError(
                f"Version {standing.foreign} of {name} in {lake.url} ({what}) was written by other means than these "
                f"jobs: its rows are not those that the jobs know of.",
                f"`make restore TABLE={name} VERSION={standing.foreign - 1}` undoes it; `make restore` to an older one "
                f"lets what came since come in again.",
            )
    for dataset in DATASETS:
        _check_source(lake, dataset, standings[f"bronze.{dataset}"], standings[f"silver.{dataset}"])


def _check_source(lake: Lake, dataset: str, bronze: Standing, silver: Standing) -> None:
    source = silver.state.source
    if source is None or (source.id in ("", bronze.id) and source.batch <= bronze.state.batch):
        return
    raise LossError(
        f"silver.{dataset} in {lake.url} has judged batch {source.batch} of another bronze.{dataset} than the one that "
        f"is there now (at batch {bronze.state.batch}): that was put back or made anew.",
        f"Bring that table back, or run `make restore TABLE=bronze.{dataset} VERSION={bronze.version}`: what the one "
        f"that is there does not hold comes in again where its source still has it.",
    )


def damaged(lake: Lake, name: str, files: Iterable[DataFile]) -> list[tuple[DataFile, int | None]]:
    """Return those files of a table that are missing or have another size, each with the bytes that are there."""
    looked_at = ((file, lake.files.size(f"{lake.address(name)}/{file.path}")) for file in files)
    return [(file, size) for file, size in looked_at if size != file.size]


def check_files(lake: Lake, name: str, files: Iterable[DataFile]) -> None:
    """Raise LossError naming those files of a table, which are about to be read, that are missing or changed."""
    if not (bad := damaged(lake, name, files)):
        return
    named = {file.path: size for file, size in bad[:_NAMED]}
    with_sources = data_files.of_table(lake.open(name), ("source",))
    told = [_told(file, named[file.path]) for file in with_sources if file.path in named]
    more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
    what = f"Data files of {name} in {lake.url} are not what was written: {'; '.join(told)}{more}."
    if name.startswith("bronze."):
        way = (
            "Put them back, or let them go by `make pipeline ACCEPT_LOSS=1`: files that the inbox still has come in "
            "again, the rest stands in the balance sheet as lost."
        )
    elif name.startswith("ledger."):
        way = "Put them back: nothing else holds what they held."
    else:
        way = f"`make restore TABLE={name} VERSION=0` and `make pipeline` make it again from the layer before it."
    raise LossError(what, way)


def _told(file: DataFile, size: int | None) -> str:
    first, last = file.least.get("source"), file.greatest.get("source")
    whose = "" if first is None else f" of {first}" if first == last else f" of {first} to {last}"
    state = "is missing" if size is None else f"has {size:,} bytes instead of {file.size:,}"
    return f"{file.path} ({file.rows:,} records{whose}) {state}"
