"""The pipeline, whose topic loses records between the look and the reading: `spark-submit tests/late_loss.py TOPIC`."""

import sys
from collections.abc import Collection

from kafka import TopicPartition

import pipeline
from lakehouse.spark.main import main
from lakehouse.topics import Topic, Topics

look = Topics.look


def look_and_lose(self: Topics, names: Collection[str]) -> dict[str, Topic]:
    """Return how the topics stand, of which one then loses all records but the last of each partition."""
    found = look(self, names)
    ends = found[sys.argv[1]].ends
    self._admin.delete_records({TopicPartition(sys.argv[1], n): max(end - 1, 0) for n, end in ends.items()})
    return found


Topics.look = look_and_lose  # type: ignore[method-assign]

if __name__ == "__main__":
    sys.exit(main("pipeline", pipeline.run))
