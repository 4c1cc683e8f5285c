"""The topics of the datasets in Kafka: asked for, and made where missing."""

from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import OffsetSpec
from kafka.errors import KafkaError

from lakehouse.datasets import DATASETS
from lakehouse.errors import ServiceError
from lakehouse.settings import Settings

PARTITIONS = 3


@dataclass(frozen=True)
class Topic:
    """A topic as it stands in Kafka: its id, which a topic made anew does not share, first and next offsets."""

    id: str
    starts: dict[int, int]
    ends: dict[int, int]


def ensure_topics(settings: Settings, timeout: int = 15) -> dict[str, Topic]:
    """Make the datasets' topics that are missing; return each by its name.

    Raises ServiceError naming the address where no broker answers within `timeout` seconds.
    """
    names = [dataset.topic for dataset in DATASETS.values()]
    try:
        admin = KafkaAdminClient(
            bootstrap_servers=settings.kafka.split(","), client_id="lakehouse", request_timeout_ms=timeout * 1000
        )
        try:
            missing = sorted(set(names) - set(admin.list_topics()))
            if missing:
                admin.create_topics({n: {"num_partitions": PARTITIONS, "replication_factor": 1} for n in missing})
            return {topic["name"]: _topic(admin, topic) for topic in admin.describe_topics(names)}
        finally:
            admin.close()
    except (KafkaError, OSError) as error:
        reason = str(error) or type(error).__name__
        raise ServiceError(
            f"Kafka at {settings.kafka} does not answer ({reason}). Run `make status`, then `make up`."
        ) from error


def _topic(admin: KafkaAdminClient, described: dict[str, Any]) -> Topic:
    partitions = [TopicPartition(described["name"], p["partition_index"]) for p in described["partitions"]]
    starts, ends = (
        {p.partition: at.offset for p, at in admin.list_partition_offsets(dict.fromkeys(partitions, spec)).items()}
        for spec in (OffsetSpec.EARLIEST, OffsetSpec.LATEST)
    )
    return Topic(str(described["topic_id"]), starts, ends)
