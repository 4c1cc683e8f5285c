"""Metrics as they were, and as they are asked for: older versions of gold, and what silver says in a range of time."""

import hashlib
import threading
from collections.abc import Hashable
from functools import lru_cache

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError
from django.conf import settings
from django.contrib.auth.models import User

from accounts.permissions import Asker
from lakehouse.catalogue import versions
from lakehouse.lake import Lake
from lakehouse.lake.schemas import arrow_schema
from lakehouse.model import Metric
from lakehouse.query import limits, questions
from lakehouse.query.questions import Question
from lakes import snapshot
from lakes.reads import READS
from lakes.snapshot import Snapshot
from query.run import Signs, within_limits

# Answers that a worker keeps: to the same question about the same version there is no other.
_MOST_ANSWERS = 32
_ANSWERS: dict[Hashable, Snapshot] = {}
_LOCK = threading.Lock()


def as_of(user: Asker, metric: Metric, wanted: versions.Wanted) -> Snapshot:
    """Return the version of a metric that is wanted, by its number, a time or a run.

    Raises NoSuchRecordError (naming the range) for one that is not kept, and what READS raises. Version 0 is the
    table as it was made, empty.
    """
    lake = Lake.of(settings.LAKEHOUSE)
    return READS.ask(user, (lake, metric.name, wanted), lambda: _read(lake, metric, wanted))


def asked(user: User, metric: Metric, gold: Snapshot, question: Question) -> Snapshot:
    """Return the answer to a question from the silver version that this version of gold was computed from.

    Raises NoSuchRecordError where that is not kept any more, QueryError where it would be too much, and as READS.
    """
    key = (settings.LAKEHOUSE.lake, gold.table_id, gold.version, metric, question)
    if (answer := _ANSWERS.get(key)) is not None:
        return answer
    answer = within_limits(user, lambda signs: _computed(metric, gold, question, signs), "questions", limits.QUESTIONS)
    with _LOCK:
        _ANSWERS[key] = answer
        if len(_ANSWERS) > _MOST_ANSWERS:
            del _ANSWERS[next(iter(_ANSWERS))]
    return answer


def _computed(metric: Metric, gold: Snapshot, question: Question, signs: Signs) -> Snapshot:
    lake, name = Lake.of(settings.LAKEHOUSE), f"silver.{metric.dataset}"
    try:
        table = lake.open(f"gold.{metric.name}", gold.version)
        source = lake.standing(f"gold.{metric.name}", table).state.source
        silver = versions.source_of(lake, name, source) if source else None
    finally:
        signs.opened.set()
    asked = hashlib.sha256(repr(question).encode()).hexdigest()[:16]
    if silver is None:
        # Version 0, before anything was computed.
        rows = arrow_schema(questions.columns(metric, question)).empty_table()
        return gold.holding(rows, 1, asked=asked)
    try:
        rows = questions.answer(silver, metric, question)
    except (OSError, DeltaError) as error:
        raise versions.why_gone(lake, name, silver.version(), error) from error
    made = gold.holding(rows, 2 if question.by else 1, asked=asked, source=silver.version())
    snapshot.give_back()
    return made


def _read(lake: Lake, metric: Metric, wanted: versions.Wanted) -> Snapshot:
    name = f"gold.{metric.name}"
    table = versions.as_of(lake, name, wanted)
    try:
        return _taken(lake.address(name), str(table.metadata().id), table.version(), metric)
    except (OSError, DeltaError) as error:
        raise versions.why_gone(lake, name, table.version(), error) from error


@lru_cache(maxsize=16)
def _taken(url: str, _table_id: str, version: int, metric: Metric) -> Snapshot:
    """Read a version once: it never changes, unless the table is made again, under another id."""
    return snapshot.take(DeltaTable(url, version=version), metric)
