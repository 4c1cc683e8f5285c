"""A stream's checkpoint and what it wrote live and die together."""

import json

import pytest
from inbox_box import Inbox

from lakehouse import paths
from lakehouse.checkpoints import Stream, check, consumed
from lakehouse.errors import IntegrityError
from lakehouse.storage import storage

BOUND = {"bronze.logs": "table-1", "topic logs_topic": "topic-1"}
NAME = "bronze.logs.topic"


def stream(changes: dict[str, str] | None = None, has_rows: bool = False) -> Stream:
    return Stream(NAME, BOUND | (changes or {}), has_rows)


def write(box: Inbox, **files: str) -> None:
    """Write files of the checkpoint; `__` in a name stands for a slash."""
    for name, content in files.items():
        url = f"{paths.checkpoint(box.settings.lake, NAME)}/{name.replace('__', '/')}"
        storage(box.settings).delete(url)
        assert storage(box.settings).create(url, content.encode())


def binding(box: Inbox) -> object:
    url = f"{paths.checkpoint(box.settings.lake, NAME)}/binding.json"
    return json.loads(storage(box.settings).read(url) or b"null")


def test_a_first_run_binds_its_checkpoint(box: Inbox) -> None:
    check(box.settings, stream())
    assert binding(box) == BOUND


def test_rows_without_their_checkpoint_are_refused_naming_both(box: Inbox) -> None:
    with pytest.raises(IntegrityError) as caught:
        check(box.settings, stream(has_rows=True))
    assert "bronze.logs" in str(caught.value)
    assert f"{box.settings.lake}/checkpoints/{NAME} is gone" in str(caught.value)
    assert binding(box) is None


def test_a_first_batch_that_failed_goes_on(box: Inbox) -> None:
    check(box.settings, stream())
    write(box, offsets__0="v1\n{}\n{}")
    check(box.settings, stream(has_rows=True))
    check(box.settings, stream({"bronze.logs": "table-2"}))
    assert binding(box) == BOUND | {"bronze.logs": "table-2"}


def test_a_used_checkpoint_goes_on(box: Inbox) -> None:
    check(box.settings, stream())
    write(box, offsets__0="v1\n{}\n{}", commits__0="v1\n{}")
    check(box.settings, stream(has_rows=True))
    check(box.settings, stream(has_rows=False))
    assert binding(box) == BOUND


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"bronze.logs": "table-2"}, "bronze.logs"), ({"topic logs_topic": "topic-2"}, "topic logs_topic")],
    ids=["a table made anew", "a topic made anew"],
)
@pytest.mark.parametrize("has_rows", [False, True])
def test_a_used_checkpoint_of_something_else_is_refused(
    box: Inbox, changes: dict[str, str], named: str, has_rows: bool
) -> None:
    check(box.settings, stream())
    write(box, offsets__0="v1\n{}\n{}", commits__0="v1\n{}")
    with pytest.raises(IntegrityError, match=f"belongs to another {named} than") as caught:
        check(box.settings, stream(changes, has_rows))
    assert f"{box.settings.lake}/checkpoints/{NAME}" in str(caught.value)
    assert binding(box) == BOUND


def test_a_damaged_binding_is_named(box: Inbox) -> None:
    write(box, **{"binding.json": '{"bronze.lo'})
    with pytest.raises(IntegrityError, match=r"binding\.json is damaged"):
        check(box.settings, stream())


# As Spark 4.2 writes them: a zero byte before the first one's version, metadata of the batch before the offsets.
FIRST = '\0v1\n{"logs_topic":{"2":5,"1":0,"0":0}}'
OFFSETS = (
    'v1\n{"batchWatermarkMs":0,"batchTimestampMs":1735689600000,"conf":{"spark.sql.shuffle.partitions":"2"},'
    '"sourceMetadataInfo":{}}\n{"logs_topic":{"2":%d,"1":12,"0":30}}'
)
COMMIT = 'v1\n{"nextBatchWatermarkMs":0}'


def test_what_was_consumed_is_read_from_the_last_committed_batch(box: Inbox) -> None:
    write(box, sources__0__0=FIRST)
    assert consumed(box.settings, NAME, "logs_topic") == {}
    write(box, offsets__9=OFFSETS % 9, commits__9=COMMIT, offsets__10=OFFSETS % 10, commits__10=COMMIT)
    write(box, offsets__11=OFFSETS % 11, **{"commits__.10.crc": "x"})
    assert consumed(box.settings, NAME, "logs_topic") == {"0": (0, 30), "1": (0, 12), "2": (5, 10)}
    assert consumed(box.settings, NAME, "other_topic") == {}


def test_a_partition_that_was_added_starts_at_nought(box: Inbox) -> None:
    write(box, sources__0__0='v1\n{"logs_topic":{"0":3}}', offsets__0=OFFSETS % 7, commits__0=COMMIT)
    assert consumed(box.settings, NAME, "logs_topic") == {"0": (3, 30), "1": (0, 12), "2": (0, 7)}


@pytest.mark.parametrize("content", ["v1\n{}\n-", "", "v1"])
def test_offsets_that_are_not_there_yet_count_nothing(box: Inbox, content: str) -> None:
    write(box, offsets__0=content, commits__0=COMMIT)
    assert consumed(box.settings, NAME, "logs_topic") == {}


def test_a_stream_that_never_ran_consumed_nothing(box: Inbox) -> None:
    assert consumed(box.settings, NAME, "logs_topic") == {}
