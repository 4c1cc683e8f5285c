"""Single events with a campaign of their own: when the broker acknowledged each, and when its metric was seen."""

import math
import statistics
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from kafka import KafkaProducer

from bench.sources import EVENT_DATASET
from bench.stream.client import Sums
from producers import brokers
from producers.encode import encoder
from producers.generators import DATASETS
from producers.generators.sequence import Item

# Another seed than the load's: other event ids.
_SEED = 4242


@dataclass
class Probes:
    """The probes of one stream; times are those of `time.monotonic`."""

    producer: KafkaProducer
    topic: str
    sums: Sums = field(default_factory=dict)
    acknowledged: dict[str, float] = field(default_factory=dict)
    seen: dict[str, float] = field(default_factory=dict)

    def send(self) -> None:
        """Send one more, without waiting for its acknowledgement."""
        generator, index = DATASETS[EVENT_DATASET], len(self.sums)
        name = f"PROBE-{index:05d}"
        record = next(generator.records(_SEED, index, 1)) | {"campaign_id": name}
        self.sums[name] = [int(str(record["clicks"])), int(str(record["impressions"]))]
        value = encoder("topic", generator.columns("full"))(Item(index, record, {}))
        sent = self.producer.send(self.topic, value, key=name.encode())
        sent.add_callback(lambda _: self.acknowledged.setdefault(name, time.monotonic()))

    def look(self, campaigns: Iterable[str]) -> None:
        """Note which campaigns are seen for the first time."""
        now = time.monotonic()
        for name in campaigns:
            if name in self.sums:
                self.seen.setdefault(name, now)

    def seconds(self) -> list[float]:
        """Return each probe's seconds from acknowledgement to metric, sorted; infinite for one that was not seen."""
        waits = (self.seen.get(name, math.inf) - at for name, at in self.acknowledged.items())
        return sorted(max(wait, 0.0) for wait in waits)

    def close(self) -> None:
        """Close the producer."""
        brokers.close_producer(self.producer)


def open_probes(servers: str, topic: str) -> Probes:
    """Return probes with a producer of their own, connected already."""
    limit = brokers.ensure_topics(servers, [topic])[topic]
    return Probes(brokers.open_producer(servers, limit), topic)


def percentile(ordered: list[float], share: float) -> float:
    """Return the smallest value that at least this share of the values do not exceed; not a number without any."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else math.nan


def median(ordered: list[float]) -> float:
    """Return the median, or not a number without any values."""
    return statistics.median(ordered) if ordered else math.nan
