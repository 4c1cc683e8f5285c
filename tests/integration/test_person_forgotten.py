"""A person forgotten on the real HDFS and Kafka, by the command as make runs it, killed on the way."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import store_bytes
from chain import Chain, balance, hadoop_conf, make_chain
from kafka import KafkaAdminClient, KafkaProducer, TopicPartition
from kafka.admin import OffsetSpec
from stack import RunningStack

from lakehouse.crash import VARIABLE
from lakehouse.datasets import DATASETS
from lakehouse.lake.scan import read
from producers import brokers

pytestmark = [pytest.mark.stack, pytest.mark.long]

TOPIC = DATASETS["social_data"].topic
WHO = "Zo\u00eb Quill"
HERS = rb"Zo(\xc3\xab|\\u00eb) Quill|Post [0-9a-f]{12}"


@pytest.fixture(scope="module")
def chain(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    with hadoop_conf(stack):
        yield make_chain(stack, "forget", tmp_path_factory.mktemp("inbox"))


def post(number: int, user: str, **changes: object) -> bytes:
    told = {"post_id": f"P{number}", "user": user, "message": f"hello {number}", "product": "Lamp"}
    return json.dumps({**told, "post_date": "2025-01-05", "likes": number, "retweets": 0, **changes}).encode()


def send(chain: Chain, *records: bytes) -> None:
    brokers.ensure_topics(chain.settings.kafka, [TOPIC])
    producer = KafkaProducer(bootstrap_servers=chain.settings.kafka)
    for record in records:
        producer.send(TOPIC, record, partition=0).get(timeout=30)
    producer.close()


def put(chain: Chain, name: str, *records: bytes) -> Path:
    path = Path(chain.settings.inbox) / "social_data" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\n".join(records))
    return path


def likes(chain: Chain) -> dict[str, float]:
    return {r["contenu"]: r["avg_likes"] for r in read(chain.lake.open("gold.avg_likes_per_product")).to_pylist()}


def first_offset(chain: Chain) -> int:
    admin = KafkaAdminClient(bootstrap_servers=chain.settings.kafka)
    partition = TopicPartition(TOPIC, 0)
    found = admin.list_partition_offsets({partition: OffsetSpec.EARLIEST})[partition].offset
    admin.close()
    return int(found)


def test_a_person_is_nowhere_in_the_store_and_does_not_come_again(chain: Chain) -> None:
    file = put(chain, "1.json", post(1, WHO), post(2, "bo"), post(3, WHO, product=None, message="only mine"))
    send(chain, post(4, WHO, post_date="never"), post(5, WHO), post(6, "cy"), post(1, "bo", likes=9))
    result = chain.job()
    assert result.returncode == 0, result.stdout
    assert len(store_bytes.holding(chain.lake, HERS)) > 3
    words = ("jobs/submit.sh", "jobs/forget.py", "social_data", "--column", "user")
    told = chain.run(*words, "--dry-run", KEY=WHO)
    assert told.returncode == 0, told.stdout
    assert "4 records would be forgotten" in told.stdout
    killed = chain.run(*words, KEY=WHO, **{VARIABLE: "silver.social_data.after_commit"})
    assert killed.returncode not in (0, 1)
    done = chain.run(*words, KEY=WHO)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{file} is yours" in done.stdout
    assert "partition 0 up to offset" in done.stdout
    assert WHO not in told.stdout + done.stdout + done.stderr
    assert store_bytes.holding(chain.lake, HERS) == []
    # What was in conflict with her record is the first with its key now.
    assert likes(chain) == {"Lamp": (2 + 6 + 9) / 3}
    before, offset = chain.versions(), first_offset(chain)
    done = chain.run(*words, "--topic", KEY=WHO)
    assert done.returncode == 0, done.stdout
    assert chain.versions() == before
    assert first_offset(chain) == offset + 2
    put(chain, "2.json", post(7, WHO), post(8, "bo"))
    send(chain, post(5, WHO), post(9, "cy"))
    result = chain.job()
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("1 records were refused: they are forgotten") == 2
    assert store_bytes.holding(chain.lake, HERS) == []
    assert likes(chain) == {"Lamp": (2 + 6 + 9 + 8 + 9) / 5}
    line = next(line for line in balance(chain) if line["dataset"] == "social_data")
    assert (line["is_closed"], line["forgotten"], line["gaps"], line["silver"]) == (True, 6, 0, 5)
