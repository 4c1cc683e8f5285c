"""What was forgotten, known again without being kept: by hashes under a secret key of the lake.

What is forgotten is a value of a dataset's business key or of one of its personal columns, and with it every record
whose text of that column it is. A record that cannot be read is known by all of its bytes.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.errors import IntegrityError
from lakehouse.judging.columns import text_name
from lakehouse.judging.drift import Sightings
from lakehouse.judging.parse import parse
from lakehouse.lake import scan
from lakehouse.lake.schemas import FORGOTTEN, IDENTITY
from lakehouse.lake.state import Standing
from lakehouse.lake.store import Lake
from lakehouse.model import Dataset

Row = dict[str, Any]

# Stands for a column where a record cannot be read: all of its bytes.
RAW = "raw"
# What a letter or digit is in a byte of UTF-8.
_WORD = r"0-9A-Za-z_\x80-\xff"


@dataclass(frozen=True)
class Words:
    """The hashes of what was forgotten in a dataset, by column."""

    dataset: str
    key: bytes
    by_column: Mapping[str, frozenset[str]]

    @property
    def columns(self) -> Sequence[str]:
        """The silver columns whose texts are looked at, and RAW."""
        return list(self.by_column)

    def digests(self, column: str, values: pl.Series) -> Mapping[Any, str]:
        """Return those of a column's values that are looked for, each with its hash."""
        hashed = ((value, digest(self.key, self.dataset, column, value)) for value in values.to_list())
        return {value: found for value, found in hashed if found in self.by_column[column]}


@dataclass(frozen=True)
class Named:
    """A value as somebody typed it, of one column of a dataset."""

    dataset: str
    key: bytes
    column: str
    value: str

    @property
    def columns(self) -> Sequence[str]:
        """The silver columns whose texts are looked at, and RAW."""
        return [self.column, RAW]

    @cached_property
    def digest(self) -> str:
        """The hash of the value."""
        return digest(self.key, self.dataset, self.column, self.value)

    def digests(self, column: str, values: pl.Series) -> Mapping[Any, str]:
        """Return those of a column's values that are looked for, each with its hash."""
        if column != RAW:
            return {self.value: self.digest} if self.value in values.to_list() else {}
        held = values.filter(self.mentioned(values.to_arrow())).to_list()
        return {raw: digest(self.key, self.dataset, RAW, raw) for raw in held}

    def mentioned(self, raw: pa.Array) -> pl.Series:
        """Return for each record whether its bytes hold the value as a word, plain or as JSON or CSV escape it."""
        forms = {self.value, json.dumps(self.value)[1:-1], json.dumps(self.value, ensure_ascii=False)[1:-1]}
        words = "|".join(map(re.escape, sorted({*forms, self.value.replace('"', '""')})))
        held = pc.match_substring_regex(raw.cast(pa.binary()), f"(^|[^{_WORD}])({words})([^{_WORD}]|$)")
        return pl.Series(values=held, dtype=pl.Boolean).fill_null(False)


def digest(key: bytes, dataset: str, column: str, value: str | bytes) -> str:
    """Return the hash by which a value is known again: HMAC-SHA256, which nobody can guess without the key."""
    content = value if isinstance(value, bytes) else value.encode()
    return hmac.new(key, f"{dataset}\0{column}\0".encode() + content, hashlib.sha256).hexdigest()


def make_key(lake: Lake) -> bytes:
    """Return the lake's key, made where there is none: a file beside the tables, so that it moves with them."""
    lake.files.create(_key_url(lake), secrets.token_hex(32).encode())
    return _key(lake)


def _key(lake: Lake) -> bytes:
    key = lake.files.read(_key_url(lake))
    if not key:
        raise IntegrityError(
            f"The key {_key_url(lake)} is missing, without which records that were forgotten are not known again. "
            f"Nothing was read. Bring it back from a copy of the lake; where there is none, an empty {FORGOTTEN.name} "
            f"lets such records in again."
        )
    return key


def _key_url(lake: Lake) -> str:
    return f"{lake.url}/_forgetting.key"


def load(lake: Lake, standings: Mapping[str, Standing]) -> dict[str, Words]:
    """Return what was forgotten, by dataset; nothing is read of a lake that has forgotten nothing.

    Raises IntegrityError where the lake's key is gone.
    """
    if not standings[FORGOTTEN.name].files:
        return {}
    names = '"dataset", "column", digest'
    rows = scan.query(f"SELECT DISTINCT {names} FROM t", t=lake.open(FORGOTTEN.name)).to_pylist()
    by_dataset: dict[str, dict[str, set[str]]] = {}
    for row in rows:
        by_dataset.setdefault(row["dataset"], {}).setdefault(row["column"], set()).add(row["digest"])
    key = _key(lake)
    return {
        dataset: Words(dataset, key, {column: frozenset(found) for column, found in columns.items()})
        for dataset, columns in by_dataset.items()
    }


def find(batch: pa.RecordBatch, dataset: Dataset, wanted: Words | Named) -> pl.DataFrame:
    """Return those rows of bronze that are looked for: `row` in the batch, identity, and `column` and `digest`.

    A record that several values lead to is there several times.
    """
    texts = parse(batch, dataset, Sightings(batch, dataset))
    names = [column.name for column in IDENTITY]
    identity = pl.DataFrame({name: pl.Series(values=batch[name]) for name in names}).with_row_index("row")
    raw = pl.Series(values=batch["raw"].cast(pa.binary()), dtype=pl.Binary)
    found = []
    for column in wanted.columns:
        values = pl.select(pl.when(texts["problem"].is_not_null()).then(raw)).to_series()
        values = values if column == RAW else texts[text_name(column)]
        digests = wanted.digests(column, values.drop_nulls().unique())
        hits = pl.DataFrame(
            {"value": list(digests), "digest": list(digests.values())}, {"value": values.dtype, "digest": pl.String}
        )
        rows = identity.with_columns(value=values, column=pl.lit(column))
        found.append(rows.join(hits, on="value").select("row", *names, "column", "digest"))
    return pl.concat(found)


def record(lake: Lake, dataset: str, rows: Sequence[Row], run_id: str) -> None:
    """Write to the ledger what was forgotten: each row with `column`, `digest`, and the record's identity if any."""
    common: Row = {"dataset": dataset, "run_id": run_id, "at": datetime.now(UTC)}
    names = ("column", "digest", *(column.name for column in IDENTITY))
    lake.append(FORGOTTEN, [{name: row.get(name) for name in names} | common for row in rows])


def records(lake: Lake, dataset: str, where: str = "true") -> pl.DataFrame:
    """Return who the forgotten records of a dataset are, each once: source, source_id, position."""
    condition = f"dataset = {scan.literal(dataset)} AND position IS NOT NULL AND ({where})"
    rows = scan.read(lake.open(FORGOTTEN.name), [column.name for column in IDENTITY], condition)
    return pl.DataFrame(pl.from_arrow(rows)).unique()
