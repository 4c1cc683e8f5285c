"""One dataset's messages on their way to the topic: acknowledged, refused for their size, or left for the next run."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from threading import BoundedSemaphore, Event

from kafka import KafkaProducer
from kafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from producers.brokers import close_producer, open_producer, told
from producers.plan import Message
from producers.sent import header

# Messages on their way at once; the client itself has no limit, and a million waiting messages would fill the memory.
_IN_FLIGHT = 10_000
_TOO_LARGE = (MessageSizeTooLargeError, RecordListTooLargeError)


@dataclass
class Outcome:
    """What became of a dataset's messages; `too_large` names those over the broker's limit."""

    acknowledged: int = 0
    known: int = 0
    too_large: list[str] = field(default_factory=list)


@dataclass
class Delivery:
    """The sending of messages to one topic with one producer, until they end or `stop` is set.

    `limit` is the size in bytes of the largest message that the topic takes. `on_ack` is called for each acknowledged
    message, from the client's thread.
    """

    servers: str
    topic: str
    limit: int
    seed: int
    stop: Event
    outcome: Outcome
    on_ack: Callable[[], object]

    def __post_init__(self) -> None:
        """Start with nothing on its way."""
        self._slots = BoundedSemaphore(_IN_FLIGHT)
        self._failure: BaseException | None = None

    def run(self, messages: Iterable[Message]) -> None:
        """Send the messages and wait until the broker has answered for each.

        A message over the limit of the topic is noted and passed over. Raises ServiceError where the broker
        stops answering for half a minute; what it has acknowledged by then is on the topic.
        """
        with told(self.servers):
            producer = open_producer(self.servers, self.limit)
            try:
                for message in messages:
                    self._slots.acquire()
                    if self.stop.is_set() or self._failure:
                        break
                    self._send(producer, message)
                producer.flush(timeout=30)
            finally:
                close_producer(producer)
            if self._failure:
                raise self._failure

    def _send(self, producer: KafkaProducer, message: Message) -> None:
        headers = header(self.seed, message.index)
        try:
            future = producer.send(self.topic, message.value, key=message.key, headers=headers)
        except _TOO_LARGE as e:
            self._refused(message, e)
            return
        future.add_callback(self._acknowledged)
        future.add_errback(lambda error: self._refused(message, error))

    def _acknowledged(self, _: object) -> None:
        self._slots.release()
        self.outcome.acknowledged += 1
        self.on_ack()

    def _refused(self, message: Message, error: BaseException) -> None:
        self._slots.release()
        if isinstance(error, _TOO_LARGE):
            size = len(message.value or b"")
            name = f"{self.topic} record {message.index:,} of seed {self.seed} ({size:,} bytes)"
            self.outcome.too_large.append(name)
        elif self._failure is None:
            self._failure = error if isinstance(error, KafkaError) else KafkaError(repr(error))


def paced(messages: Iterable[Message], rate: float | None, stop: Event) -> Iterator[Message]:
    """Yield the messages, at most `rate` of them a second where it is given, until `stop` is set."""
    began = time.monotonic()
    for number, message in enumerate(messages):
        if stop.is_set() or (rate and stop.wait(max(0.0, began + number / rate - time.monotonic()))):
            return
        yield message
