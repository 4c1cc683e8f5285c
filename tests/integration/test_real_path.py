"""Every case of a bad or strange record through the real path: file or topic, bronze, silver."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from case_catalogue import RECORDS
from chain import Chain, balance, hadoop_conf, make_chain
from judging_cases import BRONZE, Case, bronze
from kafka import KafkaAdminClient, KafkaProducer
from stack import RunningStack

from lakehouse.datasets import DATASETS
from lakehouse.judging.judge import judge
from lakehouse.lake.scan import read
from producers import brokers

pytestmark = pytest.mark.stack

# What the first of several records with one key decides about the others, whatever the case is about.
BY_KEY = {"duplicate", "conflict"}
ENDINGS = {"csv": "csv", "log": "log"}


@pytest.fixture(scope="module")
def chain(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with hadoop_conf(stack):
        yield make_chain(stack, "cases", tmp_path_factory.mktemp("inbox"))


# What landing decides before such a record can be one: where the line ends, and that the file is refused.
DECIDED_BEFORE = {"a line break without quotes", "a header that is none"}


def fits(case: Case) -> bool:
    """Return whether a record can come so: cut ones are made by landing itself, which its own tests hold."""
    if case.id in DECIDED_BEFORE:
        return False
    return not case.is_cut and case.format in ("json", "csv", "log") and (case.format != "csv" or bool(case.header))


def put(chain: Chain, dataset: str, number: int, case: Case) -> str:
    """Write the file of a case and return its name."""
    folder = Path(chain.settings.inbox) / dataset
    folder.mkdir(parents=True, exist_ok=True)
    name = f"case-{number:03}.{ENDINGS[str(case.format)]}"
    head = f"{case.header}\n".encode() if case.header else b""
    Path(folder, name).write_bytes(head + (case.raw or b"") + b"\n")
    return name


def expected(dataset: str, case: Case) -> set[str]:
    """Return the reasons that judging gives a record that comes now."""
    place = BRONZE.get_field_index("ingested_at")
    batch = bronze([case]).set_column(place, BRONZE.field(place), pa.array([datetime.now(UTC)], BRONZE.types[place]))
    reasons: list[str] = judge(batch, DATASETS[dataset])["reasons"][0].as_py()
    return set(reasons)


def test_every_case_comes_to_silver_as_it_is_judged(chain: Chain) -> None:
    brokers.ensure_topics(chain.settings.kafka, [DATASETS[name].topic for name in RECORDS])
    producer = KafkaProducer(bootstrap_servers=chain.settings.kafka)
    places: dict[tuple[str, str, int], tuple[str, Case]] = {}
    for dataset, cases in RECORDS.items():
        for number, case in enumerate(cases):
            if not fits(case):
                continue
            if case.format == "json":
                sent = producer.send(DATASETS[dataset].topic, case.raw, b"case", partition=0).get(timeout=30)
                places[dataset, sent.topic, sent.offset] = dataset, replace(case, format="json", header=None)
            elif (case.raw or b"").strip():
                places[dataset, put(chain, dataset, number, case), 0] = dataset, case
    producer.close()
    assert len(places) > 200
    result = chain.job()
    assert result.returncode == 0, result.stdout
    columns = ["source", "source_id", "position", "reasons"]
    found = {
        (dataset, row["source"], row["position"]): set(row["reasons"] or ())
        for dataset in RECORDS
        for row in read(chain.lake.open(f"silver.{dataset}"), columns).to_pylist()
        # In the topic's other partitions others' messages have the same offsets.
        if row["source"] != DATASETS[dataset].topic or row["source_id"] == "0"
    }
    wrong = {}
    for place, (dataset, case) in places.items():
        there, wanted = found.get(place), expected(dataset, case)
        is_by_key = not wanted and there is not None and there <= BY_KEY
        if there != wanted and not is_by_key:
            wrong[place, case.id] = there, wanted
    assert wrong == {}
    assert all(line["is_closed"] for line in balance(chain))


def test_an_aborted_transaction_leaves_no_record_and_its_offsets_are_gaps(chain: Chain) -> None:
    """K12 and K13."""
    before = {str(line["dataset"]): line for line in balance(chain)}["ad_campaigns"]
    producer = KafkaProducer(
        bootstrap_servers=chain.settings.kafka, transactional_id="cases", transaction_timeout_ms=600_000
    )
    producer.init_transactions()
    for is_good in (False, True, None):
        producer.begin_transaction()
        for _ in range(5):
            producer.send(DATASETS["ad_campaigns"].topic, b"{}", partition=0)
        producer.flush()
        if is_good is not None:
            producer.commit_transaction() if is_good else producer.abort_transaction()
    # The third is open while the job runs: its records are not to be read yet, nor waited for.
    result = chain.job()
    producer.abort_transaction()
    producer.close()
    assert result.returncode == 0, result.stdout
    after = {str(line["dataset"]): line for line in balance(chain)}["ad_campaigns"]
    assert int(str(after["bronze"])) - int(str(before["bronze"])) == 5
    assert int(str(after["gaps"])) - int(str(before["gaps"])) == 7  # five aborted records and two markers
    assert after["is_closed"]


def test_messages_in_partitions_that_were_added_come_in(chain: Chain) -> None:
    """K20."""
    topic, before = DATASETS["ad_campaigns"].topic, balance(chain)[3]
    admin = KafkaAdminClient(bootstrap_servers=chain.settings.kafka)
    (described,) = admin.describe_topics([topic])
    count = len(described["partitions"])
    admin.create_partitions({topic: count + 2})
    admin.close()
    producer = KafkaProducer(bootstrap_servers=chain.settings.kafka)
    for partition in (0, count, count + 1):
        producer.send(topic, b"{}", partition=partition).get(timeout=30)
    producer.close()
    result = chain.job()
    assert result.returncode == 0, result.stdout
    after = balance(chain)[3]
    assert int(str(after["bronze"])) - int(str(before["bronze"])) == 3
    assert after["is_closed"]
