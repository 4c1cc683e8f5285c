"""The whole chain on the real HDFS and Kafka, compared with plain Python to the cent.

The tests of this file go through the life of one lake, one after the other.
"""

import getpass
import gzip
import os
import signal
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from chain import Lake, balance, identities, make_lake
from hdfs import InsecureClient
from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from stack import RunningStack

from lakehouse.errors import NotBuiltError
from lakehouse.lake import open_table
from producers.plan import Plan

pytestmark = pytest.mark.stack

DATASETS = ("transactions", "logs", "social_data", "ad_campaigns")


@pytest.fixture(scope="module")
def lake(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    before = os.environ.get("HADOOP_CONF_DIR")
    os.environ["HADOOP_CONF_DIR"] = stack.environ["HADOOP_CONF_DIR"]
    yield make_lake(stack, "chain", tmp_path_factory.mktemp("inbox"))
    if before is None:
        del os.environ["HADOOP_CONF_DIR"]
    else:
        os.environ["HADOOP_CONF_DIR"] = before


def check(lake: Lake) -> None:
    """Assert the invariants of architecture and numbers: nothing lost, nothing doubled, the four metrics exact."""
    assert lake.answers() == lake.sent.answers()
    for line in balance(lake):
        assert line["is_closed"], line
        assert line["silver"] == len(lake.sent.records[str(line["dataset"])])
    for name in DATASETS:
        bronze = identities(lake, f"bronze.{name}")
        assert bronze == identities(lake, f"silver.{name}")
        assert set(bronze.values()) == {1}


def test_files_and_messages_become_the_four_metrics(lake: Lake) -> None:
    lake.files(1000, 42, 0.02)
    lake.messages(Plan("ad_campaigns", 42, 16_000, 0.02))
    lake.messages(Plan("transactions", 42, 300, 0.02, skip=1000, repeats=20))
    result = lake.job()
    assert result.returncode == 0, result.stdout
    assert "Exception" not in result.stdout + result.stderr
    check(lake)
    duplicates = {str(line["dataset"]): dict(line["reasons"]).get("duplicate", 0) for line in balance(lake)}  # type: ignore[call-overload]
    assert duplicates["transactions"] >= 20


def test_a_second_run_makes_no_version(lake: Lake) -> None:
    before = lake.versions()
    assert lake.job().returncode == 0
    assert lake.versions() == before
    check(lake)


def test_more_data_in_other_shapes_is_added(lake: Lake) -> None:
    lake.files(300, 7, 0.05, "simple")
    lake.files(300, 8, 0.0, "full", "ad_campaigns")
    for dataset in ("logs", "social_data"):
        lake.messages(Plan(dataset, 9, 200, 0.05))
    for path in list((lake.settings.inbox / "logs").glob("*.csv")):
        (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    result = lake.job()
    assert result.returncode == 0, result.stdout
    check(lake)
    assert "duplicate" in result.stdout


def moved(layer: str) -> Callable[[Lake], bool]:
    """Return whether any table of a layer has a new version since this call."""
    names = [f"{layer}.{name}" for name in DATASETS]
    before: dict[str, int] = {}

    def has_moved(lake: Lake) -> bool:
        now = {name: open_table(lake.settings.lake, name).version() for name in names}
        before.update({name: before.get(name, version) for name, version in now.items()})
        return now != before

    return has_moved


@pytest.mark.parametrize("moment", ["landed", "bronze", "silver"])
def test_a_killed_run_loses_and_doubles_nothing(lake: Lake, moment: str) -> None:
    seed = {"landed": 21, "bronze": 22, "silver": 23}[moment]
    lake.files(500, seed, 0.02)
    lake.messages(Plan("ad_campaigns", seed, 2000, 0.02))
    files = open_table(lake.settings.lake, "ledger.files").version()
    reached = (
        (lambda of: open_table(of.settings.lake, "ledger.files").version() > files)
        if moment == "landed"
        else moved(moment)
    )
    reached(lake)
    process = lake.start("jobs/submit.sh", "jobs/pipeline.py")
    while not reached(lake):
        assert process.poll() is None, process.stdout and process.stdout.read()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert lake.runs()[-1] == ("pipeline", "started")
    if moment != "bronze":
        result = lake.job()
        assert result.returncode == 0, result.stdout
        check(lake)


def test_each_job_alone_does_its_layer(lake: Lake) -> None:
    lake.files(100, 31, 0.1)
    for name in ("bronze", "silver", "gold"):
        result = lake.run("spark-submit", f"jobs/{name}.py") if name == "gold" else lake.job(name)
        assert result.returncode == 0, result.stdout
    check(lake)


def test_streaming_follows_files_and_messages_until_interrupted(lake: Lake) -> None:
    process = lake.start("jobs/submit.sh", "jobs/pipeline.py", "--continuous")
    try:
        lake.files(50, 41, 0.1)
        lake.messages(Plan("ad_campaigns", 41, 500))
        wanted, deadline = lake.sent.answers(), time.monotonic() + 150
        while lake.answers() != wanted:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline, "gold does not follow"
            time.sleep(0.5)
        refused = lake.job("gold")
        assert refused.returncode == 1
        assert "stream" in refused.stdout
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "Exception" not in output
    assert lake.runs()[-1] == ("stream", "succeeded")
    assert lake.job().returncode == 0
    check(lake)


def test_without_a_broker_a_job_says_which_address(lake: Lake) -> None:
    before = lake.versions()
    result = lake.job("bronze", KAFKA_BOOTSTRAP_SERVERS="localhost:9")
    assert result.returncode == 1
    assert "Kafka at localhost:9 does not answer" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert lake.versions() == before


def test_rows_without_their_checkpoint_are_refused(lake: Lake) -> None:
    before = lake.versions()
    root = urlsplit(lake.settings.lake).path
    checkpoint, away = f"{root}/checkpoints/silver.logs", f"{root}/away"
    client = InsecureClient(lake.settings.webhdfs, user=getpass.getuser())
    client.rename(checkpoint, away)
    result = lake.job("silver")
    client.rename(away, checkpoint)
    assert result.returncode == 1
    assert checkpoint in result.stdout
    assert "silver.logs" in result.stdout
    assert lake.versions() == before


def test_an_empty_lake_says_what_to_run(lake: Lake) -> None:
    with pytest.raises(NotBuiltError, match="make pipeline"):
        open_table(f"{lake.settings.lake}-none", "gold.status_code_counts")


def test_offsets_that_were_lost_unread_stop_the_run(lake: Lake) -> None:
    lake.messages(Plan("social_data", 51, 300))
    before = lake.versions()
    admin = KafkaAdminClient(bootstrap_servers=lake.settings.kafka)
    partitions = [TopicPartition("social_data_topic", n) for n in range(3)]
    ends = admin.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    admin.delete_records({partition: at.offset - 1 for partition, at in ends.items()})
    admin.close()
    result = lake.job()
    assert result.returncode == 1
    assert "Kafka no longer has offsets of social_data_topic" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert lake.versions()["silver.social_data"] == before["silver.social_data"]
    assert lake.runs()[-1] == ("pipeline", "failed")


def test_a_topic_that_was_made_anew_is_refused(lake: Lake) -> None:
    admin = KafkaAdminClient(bootstrap_servers=lake.settings.kafka)
    admin.delete_topics(["logs_topic"])
    admin.close()
    before = lake.versions()
    result = lake.job("bronze")
    assert result.returncode == 1
    assert "topic logs_topic" in result.stdout
    assert lake.versions() == before
