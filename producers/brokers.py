"""The connection to Kafka: one set of limits, and errors that name the address."""

import logging
from contextlib import AbstractContextManager, suppress

from kafka import KafkaConsumer, KafkaProducer
from kafka.errors import KafkaTimeoutError

from lakehouse import connection
from lakehouse.topics import Topics, answering

_BATCH = 131_072


def quiet() -> None:
    """Silence the client's own warnings at each try to connect: what matters is told in one message."""
    logging.getLogger("kafka").setLevel(logging.CRITICAL)


def told(servers: str) -> AbstractContextManager[None]:
    """Return what turns an error of the Kafka client into a ServiceError that names the brokers' address."""
    way = "Start it with `make up`, or set KAFKA_BOOTSTRAP_SERVERS; what was acknowledged is not sent again."
    return answering(servers, way)


def ensure_topics(servers: str, names: list[str]) -> dict[str, int]:
    """Create those topics that are missing, with 3 partitions, and return for each the bytes of its largest message.

    Raises ServiceError where no broker answers.
    """
    with Topics(servers) as topics:
        topics.make_missing(names)
        return {name: topics.largest(name) for name in names}


def open_producer(servers: str, limit: int) -> KafkaProducer:
    """Return an idempotent producer, whose retries never make a second message, that refuses messages over `limit`.

    The limit is the topic's own. It is kept here already, because a batch that the broker refuses takes the messages
    behind it along.
    """
    return KafkaProducer(
        bootstrap_servers=servers.split(","),
        enable_idempotence=True,
        linger_ms=20,
        batch_size=min(_BATCH, limit),
        delivery_timeout_ms=25_000,
        max_block_ms=20_000,
        max_request_size=limit,
        allow_auto_create_topics=False,
        **connection.client(),
    )


def close_producer(producer: KafkaProducer) -> None:
    """Close a producer; what a broker does not answer for is given up, so that nothing waits for it any more."""
    try:
        producer.close(timeout=5)
    except KafkaTimeoutError:
        # There is no public way to give up, and a producer left open complains when the interpreter ends.
        producer._sender.force_close()
        with suppress(KafkaTimeoutError):
            producer.close(timeout=5)


def open_consumer(servers: str) -> KafkaConsumer:
    """Return a consumer without a group, for reading a topic from its beginning."""
    return KafkaConsumer(
        bootstrap_servers=servers.split(","),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=8 * 1024 * 1024,
        check_crcs=False,  # in plain Python; TCP has checked these bytes, and only headers are read
        allow_auto_create_topics=False,
        **connection.client(),
    )
