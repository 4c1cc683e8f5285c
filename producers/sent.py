"""What was sent before, read from the topic itself.

Every message carries the seed and the number of its record in a header. Before it sends, a producer reads the
headers of the whole topic and leaves out the numbers that it finds. No file remembers anything, so this holds after
local state was deleted, after a kill in the middle, after partitions were added, for any part of a sequence; and
where the topic itself is gone its messages are sent again, as they should be. The price is a reading of the topic at
each start. Dismissed: the last number per partition (wrong once parts are sent out of order or partitions added),
transactions with a topic for progress (every reader would see markers and aborted messages in the offsets).
"""

import time

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaTimeoutError

from producers.brokers import open_consumer, told

HEADER = "lakehouse-record"
_PATIENCE = 30.0


def header(seed: int, index: int) -> list[tuple[str, bytes]]:
    """Return the headers that say which record of which seed a message is."""
    return [(HEADER, b"%d:%d" % (seed, index))]


def already_sent(servers: str, topic: str, seed: int) -> set[int]:
    """Return the numbers of this seed's records that are on the topic.

    Raises ServiceError where the broker does not answer for 30 seconds.
    """
    with told(servers):
        consumer = open_consumer(servers)
        try:
            return _read(consumer, topic, b"%d:" % seed)
        finally:
            consumer.close()


def _read(consumer: KafkaConsumer, topic: str, prefix: bytes) -> set[int]:
    partitions = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
    ends, begins = consumer.end_offsets(partitions), consumer.beginning_offsets(partitions)
    left = {partition for partition in partitions if ends[partition] > begins[partition]}
    numbers: set[int] = set()
    if not left:
        return numbers
    consumer.assign(sorted(left))
    deadline = time.monotonic() + _PATIENCE
    while left:
        batches = consumer.poll(timeout_ms=500, max_records=5000)
        for message in (message for batch in batches.values() for message in batch):
            marks = (value for name, value in message.headers if name == HEADER)
            numbers.update(int(mark[len(prefix) :]) for mark in marks if mark.startswith(prefix))
        reached = {partition for partition in left if consumer.position(partition) >= ends[partition]}
        left -= reached
        if batches or reached:
            deadline = time.monotonic() + _PATIENCE
        elif time.monotonic() > deadline:
            raise KafkaTimeoutError(f"{topic} could not be read to its end")
    return numbers
