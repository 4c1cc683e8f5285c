"""A proposal tried on its sample by the real judging, and the cases of its test."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from lakehouse.judging.judge import judge
from lakehouse.model import Dataset, Field
from lakehouse.propose.proposal import never_negative
from lakehouse.propose.sample import LOG_FIELDS, Sample, rows

Texts = dict[str, str]
Case = tuple[str, Texts, list[str]]
MOST_TEXT = 40
# A line of a log, by the names of its parts.
LOG_LINE = '{IP_Address} - {User} [{Timestamp}] "{Method} {URL} {Protocol}" {Status_Code} {Bytes} "{Referer}" "{Agent}"'


@dataclass(frozen=True)
class Outcome:
    """How many records of a sample pass, how many do not by reason with an example each; `repeated` ones count once."""

    good: int
    quarantined: int
    repeated: int
    reasons: list[tuple[str, int, int, bytes]]


def tried(dataset: Dataset, sample: Sample) -> Outcome:
    """Return what becomes of the records of a sample."""
    judged = judge(sample.batch, dataset)
    reasons = judged["reasons"].to_pylist()
    counts = Counter(name for found in reasons for name in found)
    firsts = {name: next(n for n, found in enumerate(reasons) if name in found) for name in counts}
    examples = [
        (name, count, firsts[name], judged["raw"][firsts[name]].as_py()) for name, count in counts.most_common()
    ]
    bad = sum(map(bool, reasons))
    keys = judged[dataset.key].drop_null() if dataset.key else pa.array([])
    return Outcome(len(reasons) - bad, bad, len(keys) - len(keys.unique()), examples)


def table(dataset: Dataset, sample: Sample) -> tuple[Texts, dict[str, object], list[Case]]:
    """Return a good record of the sample, nothing personal in it, the values of its columns, and cases.

    A case is a name, a change of the record's texts, and the reasons that it leads to.
    """
    judged = judge(sample.batch, dataset)["reasons"].to_pylist()
    texts = sample.texts()[1].row(judged.index([]), named=True)
    record = {field.source: texts[field.source] or "" for field in dataset.fields}
    for field in dataset.fields:
        if field.column.type == "string" and record[field.source]:
            record[field.source] = _unpersonal(field) or record[field.source][:MOST_TEXT].strip()
    changes = _changes(dataset)
    raws, headers = zip(*(written(dataset, record | change) for change in ({}, *changes.values())), strict=True)
    plain, *found = judge(rows(list(raws), dataset.formats[0], headers[0]), dataset).to_pylist()
    values = {column.name: plain[column.name] for column in dataset.columns}
    cases = [(name, change, row["reasons"]) for (name, change), row in zip(changes.items(), found, strict=True)]
    return record, values, cases


def _unpersonal(field: Field) -> str:
    """Return what stands for a personal text, an address where rules may look at it."""
    return ("192.0.2.1" if field.source == LOG_FIELDS[0] else "someone") if field.column.personal else ""


def _changes(dataset: Dataset) -> dict[str, Texts]:
    changes: dict[str, Texts] = {}
    signed = never_negative(dataset)
    for field in dataset.fields:
        changes[f"without {field.source}"] = {field.source: ""}
        if field.column.type != "string":
            changes[f"{field.source} is no value"] = {field.source: "?"}
        if field.column.name in signed:
            changes[f"{field.source} below zero"] = {field.source: "-1"}
        if field.column.type == "string":
            changes.setdefault("a control character", {field.source: "a\a"})
    return changes


def written(dataset: Dataset, record: Mapping[str, str]) -> tuple[bytes, str | None]:
    """Return the bytes of a record whose fields have these texts, and the header of its file where it has one."""
    if dataset.formats == ("json",):
        return json.dumps({name: text for name, text in record.items() if text}).encode(), None
    if dataset.formats == ("log",):
        return LOG_LINE.format(**{name: text or "-" for name, text in record.items()}).encode(), None
    return _line(dataset, record.values()).encode(), _line(dataset, record)


def _line(dataset: Dataset, texts: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=dataset.delimiter, lineterminator="").writerow(texts)
    return out.getvalue()
