"""The topics in Kafka: made where missing, and how they stand."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import KafkaError, TopicAlreadyExistsError
from kafka.protocol.consumer import IsolationLevel

from lakehouse import connection

PARTITIONS = 3


@dataclass(frozen=True)
class Topic:
    """A topic as it stands in Kafka: its id, which a topic made anew does not share, first and next offsets."""

    id: str
    starts: dict[int, int]
    ends: dict[int, int]


@contextmanager
def answering(servers: str, way: str = "Run `make status`, then `make up`.") -> Iterator[None]:
    """Turn an error of kafka-python into a ServiceError that names the brokers; `way` is for those that are silent."""
    try:
        yield
    except (KafkaError, OSError) as error:
        raise connection.failure(servers, error, way) from error


class Topics(AbstractContextManager["Topics"]):
    """One connection to the brokers, for asking how topics stand; a context manager.

    Every method raises ServiceError naming the brokers where none of them answers.
    """

    def __init__(self, servers: str) -> None:
        self._servers = servers
        options = connection.client()
        with answering(servers):
            self._admin = KafkaAdminClient(bootstrap_servers=servers.split(","), client_id="lakehouse", **options)

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._admin.close()

    def make_missing(self, names: Collection[str]) -> None:
        """Make those topics that are missing, whoever else makes them at the same time."""
        with answering(self._servers):
            missing = sorted(set(names) - set(self._admin.list_topics()))
            if not missing:
                return
            wanted = {name: {"num_partitions": PARTITIONS} for name in missing}
            try:
                self._admin.create_topics(wanted, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                self._admin.wait_for_topics(missing)

    def largest(self, topic: str) -> int:
        """Return the bytes of the largest message that a topic takes."""
        name, of_topic = "max.message.bytes", ConfigResourceType.TOPIC
        with answering(self._servers):
            told = self._admin.describe_configs([ConfigResource(of_topic, topic, [name])], config_filter="all")
            return int(told["topic"][topic][name]["value"])

    def look(self, names: Collection[str]) -> dict[str, Topic]:
        """Return how each topic stands now, by its name."""
        with answering(self._servers):
            described = self._admin.describe_topics(list(names))
            partitions = [
                TopicPartition(topic["name"], partition["partition_index"])
                for topic in described
                for partition in topic["partitions"]
            ]
            # Up to the first record of a transaction that is open: what comes after is not to be read yet.
            starts, ends = (
                self._admin.list_partition_offsets(dict.fromkeys(partitions, spec), IsolationLevel.READ_COMMITTED)
                for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
            )
            return {topic["name"]: _topic(topic, starts, ends) for topic in described}

    def delete_before(self, topic: str, ends: Mapping[int, int]) -> None:
        """Delete the records of a topic before these offsets, by partition."""
        with answering(self._servers):
            self._admin.delete_records({TopicPartition(topic, number): end for number, end in ends.items()})


def _topic(described: dict[str, Any], starts: dict[TopicPartition, Any], ends: dict[TopicPartition, Any]) -> Topic:
    own = [p for p in starts if p.topic == described["name"]]
    return Topic(
        str(described["topic_id"]),
        {p.partition: starts[p].offset for p in own},
        {p.partition: ends[p].offset for p in own},
    )
