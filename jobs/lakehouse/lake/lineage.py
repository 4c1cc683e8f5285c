"""OpenLineage events of a run: its start, and its end with what it read and wrote; off unless it is configured.

OpenLineage's own configuration switches it on: a file `openlineage.yml` or the variables OPENLINEAGE_*.
"""

import logging
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import wait
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
from openlineage.client.facet_v2 import (
    dataset_version_dataset,
    error_message_run,
    input_statistics_input_dataset,
    output_statistics_output_dataset,
    schema_dataset,
    symlinks_dataset,
    tags_run,
)

from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError, SettingError
from lakehouse.lake import native, scan
from lakehouse.lake.schemas import FILES
from lakehouse.lake.state import Standing, State
from lakehouse.lake.store import Lake
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset
from lakehouse.settings import load

LOG = logging.getLogger("lakehouse")
# Seconds that a receiver may keep a run at its end; its start is told beside the run.
SECONDS = 5.0
# What a run's counts call the rows that it added to a table.
_ADDED = ("new", "rows", "quarantined")


class Lineage:
    """What is told of one run. Nothing that goes wrong with that ends the run: it is logged in one line."""

    def __init__(self, lake: Lake, job: str, run_id: str, code_version: str) -> None:
        self._lake, self._run_id = lake, run_id
        self._job = Job(os.environ.get("OPENLINEAGE_NAMESPACE") or "lakehouse", job)
        self._producer = f"urn:lakehouse:{code_version}"
        self._before: dict[str, Standing] = {}
        try:
            self._before = lake.standings()
        except LakehouseError as error:
            LOG.warning("lineage will tell of no tables: %s", error)
        start = self._event(RunState.START)
        self._started = native.begin(lambda: _emit(start))

    def end(self, counts: Mapping[str, Any], error: str | None = None) -> None:
        """Tell that the run has ended, by an error where there is one, and what it read and wrote till then."""
        try:
            told = self._event(RunState.FAIL if error else RunState.COMPLETE, *self._datasets(counts), error=error)
            native.begin(lambda: self._follow(told)).result(SECONDS)
        except TimeoutError:
            LOG.warning("lineage was not told: the receiver has not taken it within %g s", SECONDS)
        except Exception as caught:  # the client's transports raise whatever their libraries do
            LOG.warning("lineage was not told: %s", " ".join(str(caught).split())[:300] or type(caught).__name__)

    def _follow(self, told: RunEvent) -> None:
        """Tell the end after the start, whatever became of that."""
        wait([self._started])
        _emit(told)

    def _event(
        self,
        state: RunState,
        inputs: Sequence[InputDataset] = (),
        outputs: Sequence[OutputDataset] = (),
        error: str | None = None,
    ) -> RunEvent:
        tags = [tags_run.TagsRunFacetFields("run_id", self._run_id, "lakehouse")]
        facets: dict[str, Any] = {"tags": tags_run.TagsRunFacet(tags)}
        if error:
            facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "Python")
        return RunEvent(
            eventTime=datetime.now(UTC).isoformat(),
            eventType=state,
            # OpenLineage wants a UUID: this one follows from the lake and its run.
            run=Run(str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._lake.url}#{self._run_id}")), facets),
            job=self._job,
            producer=self._producer,
            inputs=list(inputs),
            outputs=list(outputs),
        )

    def _datasets(self, counts: Mapping[str, Any]) -> tuple[list[InputDataset], list[OutputDataset]]:
        """Return what was read and what was written: each table that the run moved, and what that was made from."""
        inputs: list[InputDataset] = []
        outputs: list[OutputDataset] = []
        for name, before in self._before.items():
            now = before if name.startswith("ledger.") else self._lake.standing(name)
            if now.version > before.version:
                rows = [counts.get(name, {}).get(label) for label in _ADDED]
                added = sum(filter(None, rows)) if any(count is not None for count in rows) else None
                facets = self._facets(name, now.version)
                outputs.append(OutputDataset(*_place(self._lake.address(name)), _written(added), facets=facets))
                inputs += self._sources(name, before.state, now.state, added)
        return inputs, outputs

    def _sources(self, name: str, before: State, now: State, added: int | None) -> Iterator[InputDataset]:
        layer, _, own = name.partition(".")
        if layer == "bronze":
            yield from self._files(DATASETS[own])
            yield from _topic(DATASETS[own], before, now)
            yield from database_tables(load().postgres, before, now)
        elif now.source is not None and now.source != before.source:
            source = f"bronze.{own}" if layer == "silver" else f"silver.{METRICS[own].dataset}"
            # Each row of bronze becomes one of silver; what gold has read of silver is not counted.
            read = _read(added) if layer == "silver" and added is not None else {}
            facets = self._facets(source, now.source.version)
            yield InputDataset(*_place(self._lake.address(source)), read, facets=facets)

    def _files(self, dataset: Dataset) -> Iterator[InputDataset]:
        """Yield the dataset's folder of the inbox, with what the run has landed of it."""
        whose = f"dataset = {scan.literal(dataset.name)} AND run_id = {scan.literal(self._run_id)}"
        landed = scan.read(self._lake.open(FILES.name), ["records", "size"], f"status = 'landed' AND {whose}")
        files = landed.to_pylist()
        if files:
            read = _read(sum(file["records"] for file in files), sum(file["size"] for file in files), len(files))
            yield InputDataset(*_place(f"{load().inbox}/{dataset.name}"), inputFacets=read)

    def _facets(self, name: str, version: int) -> dict[str, Any]:
        columns = [
            schema_dataset.SchemaDatasetFacetFields(column.name, column.type, column.comment or None, number)
            for number, column in enumerate(self._lake.table(name).columns, 1)
        ]
        alias = symlinks_dataset.Identifier(self._lake.url, name, "TABLE")
        return {
            "version": dataset_version_dataset.DatasetVersionDatasetFacet(str(version)),
            "schema": schema_dataset.SchemaDatasetFacet(columns),
            "symlinks": symlinks_dataset.SymlinksDatasetFacet([alias]),
        }


def _topic(dataset: Dataset, before: State, now: State) -> Iterator[InputDataset]:
    """Yield the dataset's topic where offsets of it were read, with how many."""
    ends = {source: end for source, (_, end) in before.offsets.items()}
    read = sum(end - ends.get(source, first) for source, (first, end) in now.offsets.items())
    if read > 0:
        yield InputDataset(f"kafka://{load().kafka.partition(',')[0]}", dataset.topic, inputFacets=_read(read))


def database_tables(database: str, before: State, now: State) -> Iterator[InputDataset]:
    """Yield the tables of a database, by its address, of which rows or changes were read, with how many."""
    where = urlsplit(database)
    for name, reading in now.readings.items():
        read = reading.records - (before.readings[name].records if name in before.readings else 0)
        if read > 0:
            namespace = f"postgres://{where.hostname}:{where.port or 5432}"
            yield InputDataset(namespace, f"{where.path.lstrip('/')}.{name}", inputFacets=_read(read))


def _place(address: str) -> tuple[str, str]:
    """Return an address as OpenLineage names it: the store as the namespace, and the path in it."""
    parts = urlsplit(address)
    if parts.scheme in ("", "file"):
        return "file", parts.path
    if parts.scheme == "s3a":
        return f"s3://{parts.netloc}", parts.path.lstrip("/")
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _read(rows: int, size: int | None = None, files: int | None = None) -> dict[str, Any]:
    statistics = input_statistics_input_dataset.InputStatisticsInputDatasetFacet(rows, size, files)
    return {"inputStatistics": statistics}


def _written(rows: int | None) -> dict[str, Any]:
    if rows is None:
        return {}
    return {"outputStatistics": output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rows)}


def _emit(told: RunEvent) -> None:
    """Hand an event to the receiver that OpenLineage's configuration names; raises what its transport does."""
    client = OpenLineageClient()
    if client.transport.kind == "console" and not client.config.transport:
        raise SettingError(
            "OPENLINEAGE_CONFIG",
            os.environ.get("OPENLINEAGE_CONFIG", ""),
            "no transport is named there, in openlineage.yml or in OPENLINEAGE_URL",
        )
    client.emit(told)
    client.close(SECONDS)
