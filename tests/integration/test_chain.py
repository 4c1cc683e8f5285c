"""The whole chain on the real HDFS and Kafka: files and messages to the four metrics, again, killed, and followed."""

import getpass
import gzip
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
import pytest
from chain import Chain, balance, check, hadoop_conf, identities, make_chain
from deltalake import write_deltalake
from hdfs import InsecureClient
from kafka import KafkaAdminClient
from openlineage_events import by_name, checked, rows
from stack import RunningStack

from lakehouse import crash
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake
from producers.plan import Plan

pytestmark = pytest.mark.stack

DATASETS = ("transactions", "logs", "social_data", "ad_campaigns")


@pytest.fixture(scope="module")
def chain(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with hadoop_conf(stack):
        yield make_chain(stack, "chain", tmp_path_factory.mktemp("inbox"))


def test_files_and_messages_become_the_four_metrics(chain: Chain, tmp_path: Path) -> None:
    chain.files(1000, 42, 0.02)
    chain.messages(Plan("ad_campaigns", 42, 16_000, 0.02))
    chain.messages(Plan("transactions", 42, 300, 0.02, skip=1000, repeats=20))
    names = {"TYPE": "file", "LOG_FILE_PATH": str(tmp_path / "events"), "APPEND": "true"}
    result = chain.job(**{f"OPENLINEAGE__TRANSPORT__{name}": value for name, value in names.items()})
    assert result.returncode == 0, result.stdout
    assert "Exception" not in result.stdout + result.stderr
    check(chain)
    check_lineage(chain, (tmp_path / "events").read_text())
    duplicates = {str(line["dataset"]): dict(line["reasons"]).get("duplicate", 0) for line in balance(chain)}  # type: ignore[call-overload]
    assert duplicates["transactions"] >= 20


def check_lineage(chain: Chain, told: str) -> None:
    """Assert that the events of the first run name all that it read and wrote."""
    start, end = checked(told.splitlines())
    assert (start["eventType"], end["eventType"], end["job"]["name"]) == ("START", "COMPLETE", "pipeline")
    # Tables of datasets of a project's own are there and were not written.
    standings = {name: s for name, s in chain.lake.standings().items() if s.rows and not name.startswith("ledger.")}
    assert {name: rows(d) for name, d in by_name(end["outputs"]).items()} == {n: s.rows for n, s in standings.items()}
    inputs = by_name(end["inputs"])
    assert {name: d["facets"]["version"]["datasetVersion"] for name, d in inputs.items() if d.get("facets")} == {
        name: str(s.version) for name, s in standings.items() if not name.startswith("gold.")
    }
    read = {name: rows(d) for name, d in inputs.items() if d["namespace"] == f"kafka://{chain.settings.kafka}"}
    assert read == {"ad_campaigns_topic": 16_000, "transactions_topic": 300}
    assert {name for name in inputs if name.startswith(str(chain.settings.inbox))} == {
        str(Path(chain.settings.inbox) / name) for name in ("transactions", "logs", "social_data")
    }


def test_a_second_run_makes_no_version(chain: Chain) -> None:
    before = chain.versions()
    result = chain.job()
    assert result.returncode == 0
    assert "nothing new" in result.stdout
    assert chain.versions() == before
    check(chain)


def test_more_data_in_other_shapes_is_added(chain: Chain) -> None:
    chain.files(300, 7, 0.05, "simple")
    chain.files(300, 8, 0.0, "full", "ad_campaigns")
    for dataset in ("logs", "social_data"):
        chain.messages(Plan(dataset, 9, 200, 0.05))
    for path in list((Path(chain.settings.inbox) / "logs").glob("*.csv")):
        (path.parent / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)
    assert "duplicate" in result.stdout


def test_a_killed_run_loses_and_doubles_nothing(chain: Chain) -> None:
    chain.files(300, 32, 0.02)
    chain.messages(Plan("ad_campaigns", 32, 2000, 0.02))
    result = chain.job(**{crash.VARIABLE: "silver.ad_campaigns.after_commit"})
    assert result.returncode == 128 + signal.SIGKILL, result.stdout
    assert chain.runs()[-1] == ("pipeline", "started")
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)


@pytest.mark.long
def test_each_job_alone_does_its_layer(chain: Chain) -> None:
    chain.files(100, 41, 0.1)
    for name in ("bronze", "silver", "gold"):
        result = chain.run("spark-submit", f"jobs/{name}.py") if name == "gold" else chain.job(name)
        assert result.returncode == 0, result.stdout
    check(chain)


def test_streaming_follows_files_and_messages_until_interrupted(chain: Chain) -> None:
    process = chain.start("jobs/submit.sh", "jobs/pipeline.py", "--continuous")
    try:
        chain.files(50, 51, 0.1)
        chain.messages(Plan("ad_campaigns", 51, 500))
        wanted, deadline = chain.sent.answers(), time.monotonic() + 150
        while chain.answers() != wanted:
            assert process.poll() is None, process.stdout and process.stdout.read()
            assert time.monotonic() < deadline, "gold does not follow"
            time.sleep(0.5)
        refused = chain.job("gold")
        assert refused.returncode == 1
        assert "stream" in refused.stdout
        assert chain.run("python", "jobs/balance.py").returncode == 0
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=15)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert "Exception" not in output
    assert "records/s" not in output  # a line for terminals only
    assert chain.runs()[-1] == ("stream", "succeeded")
    assert chain.job().returncode == 0
    check(chain)


def test_without_a_broker_a_job_says_which_address(chain: Chain) -> None:
    before = chain.versions()
    result = chain.job("bronze", KAFKA_BOOTSTRAP_SERVERS="localhost:9")
    assert result.returncode == 1
    assert "Kafka at localhost:9 does not answer" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
    assert chain.versions() == before


def test_a_silver_table_of_another_bronze_is_refused(chain: Chain) -> None:
    before, root = chain.versions(), urlsplit(chain.settings.lake).path
    client = InsecureClient(chain.settings.webhdfs, user=getpass.getuser())
    client.rename(f"{root}/bronze/logs", f"{root}/away")
    result = chain.job("silver")
    client.delete(f"{root}/bronze/logs", recursive=True)
    client.rename(f"{root}/away", f"{root}/bronze/logs")
    assert result.returncode == 1
    assert "another bronze.logs" in result.stdout
    assert chain.versions() == before


def test_a_lake_of_another_form_is_refused(chain: Chain) -> None:
    environ = {"LAKEHOUSE_URL": f"{chain.settings.lake}-former"}
    write_deltalake(f"{environ['LAKEHOUSE_URL']}/bronze/logs", pa.table({"raw": [b"x"]}))
    result = chain.job("bronze", **environ)
    assert result.returncode == 1
    assert "bronze.logs" in result.stdout
    assert "LAKEHOUSE_URL" in result.stdout


def test_an_empty_lake_says_what_to_run(chain: Chain) -> None:
    with pytest.raises(NotBuiltError, match="make pipeline"):
        Lake(f"{chain.settings.lake}-none").open("gold.status_code_counts")


def test_offsets_that_were_lost_unread_stop_the_run_until_that_is_accepted(chain: Chain) -> None:
    chain.messages(Plan("social_data", 61, 300))
    before = chain.versions()
    # They go after the run has planned to read them; then they are gone when a run looks.
    for command in (
        ["spark-submit", "tests/late_loss.py", "social_data_topic"],
        ["jobs/submit.sh", "jobs/pipeline.py"],
    ):
        result = chain.run(*command)
        assert result.returncode == 1
        assert "Kafka no longer has offsets" in result.stdout
        assert "Traceback" not in result.stdout + result.stderr
        assert chain.versions()["bronze.social_data"] == before["bronze.social_data"]
        assert chain.runs()[-1] == ("pipeline", "failed")
    result = chain.run("jobs/submit.sh", "jobs/pipeline.py", "--accept-loss")
    assert result.returncode == 0, result.stdout
    line = {str(line["dataset"]): line for line in balance(chain)}["social_data"]
    assert 0 < int(str(line["lost"])) < 300
    assert line["is_closed"]


def test_a_topic_that_was_made_anew_is_refused_until_that_is_accepted(chain: Chain) -> None:
    """Beside it a data file of bronze is lost, whose source comes in again."""
    admin = KafkaAdminClient(bootstrap_servers=chain.settings.kafka)
    admin.delete_topics(["logs_topic"])
    admin.close()
    before = chain.versions()
    result = chain.job("bronze")
    assert result.returncode == 1
    assert "The topic logs_topic was deleted and made again" in result.stdout
    assert chain.versions() == before
    chain.messages(Plan("logs", 71, 200))
    whole, lost = identities(chain, "bronze.logs"), chain.lake.standing("bronze.logs").files[0]
    client = InsecureClient(chain.settings.webhdfs, user=getpass.getuser())
    client.delete(urlsplit(f"{chain.lake.address('bronze.logs')}/{lost.path}").path)
    result = chain.run("python", "jobs/balance.py")
    assert result.returncode == 1
    assert f"{lost.path} ({lost.rows:,} records" in result.stderr
    result = chain.run("jobs/submit.sh", "jobs/pipeline.py", "--accept-loss")
    assert result.returncode == 0, result.stdout
    line = {str(line["dataset"]): line for line in balance(chain)}["logs"]
    assert line["is_closed"]
    found = identities(chain, "bronze.logs")
    assert found == identities(chain, "silver.logs")
    assert set(found.values()) == {1}
    again = {name for name in found if "@" in str(name[1])}
    assert {(name[0], str(name[1]).partition("@")[2]) for name in again} == {("logs_topic", "2")}
    assert (len(again), found.total() - len(again) + int(str(line["lost"]))) == (200, whole.total())
    result = chain.run("python", "jobs/passport.py", "record", *map(str, next(iter(again))))
    assert result.returncode == 0, result.stderr
    assert chain.job().returncode == 0
    assert chain.run("python", "jobs/balance.py").returncode == 0
