"""What HDFS and Kafka say of themselves, each in a line."""

from collections import Counter
from contextlib import closing
from typing import NamedTuple

from kafka import TopicPartition
from kafka.admin import OffsetSpec

from docker.native import ready
from lakehouse.settings import Settings


class Account(NamedTuple):
    """Whether a service serves, and what it says of itself in a line."""

    serves: bool
    says: str


def topics(settings: Settings) -> dict[str, int]:
    """Return how many messages each topic of the local brokers holds, by its first and next offsets."""
    with closing(ready.admin(settings)) as client:
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in client.describe_topics()
            if not topic["is_internal"]
            for partition in topic["partitions"]
        ]
        first = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        after = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    counts: Counter[str] = Counter()
    for partition in partitions:
        counts[partition.topic] += after[partition].offset - first[partition].offset
    return dict(sorted(counts.items()))


def hdfs(settings: Settings) -> Account:
    """Return whether HDFS is in safe mode, its DataNodes, its files and how full it is."""
    state = ready.namenode(settings)
    if not state:
        return Account(False, "does not answer; `make up` starts it")
    is_safe = state["FSState"] != "Operational"
    used, free = (state[f"Capacity{name}"] / 1024**2 for name in ("Used", "Remaining"))
    nodes, files = state["NumLiveDataNodes"], state["FilesTotal"]
    held = f"{nodes} live DataNodes, {files} files and folders, {used:,.1f} MB, {free:,.0f} MB free"
    return Account(not is_safe and nodes != 0, f"safe mode {'on' if is_safe else 'off'}, {held}")


def yarn(settings: Settings) -> Account:
    """Return the NodeManagers that are active, what of them is free, and how many applications run."""
    state = ready.cluster_metrics(settings)
    if not state:
        return Account(False, "the ResourceManager does not answer; `make up` starts it")
    return Account(
        state["activeNodes"] > 0,
        f"{state['activeNodes']} active NodeManagers, {state['availableVirtualCores']} of {state['totalVirtualCores']} "
        f"cores and {state['availableMB']:,} of {state['totalMB']:,} MB free, {state['appsRunning']} applications run",
    )


def kafka(settings: Settings) -> Account:
    """Return the topics with the number of their messages, or what Kafka lacks."""
    if lacking := ready.kafka(settings):
        return Account(False, f"{lacking}; `make up` starts it")
    try:
        held = [f"{name} {count:,}" for name, count in topics(settings).items()]
    except Exception as error:  # the broker went away between the two questions
        return Account(False, f"the broker does not answer ({type(error).__name__})")
    return Account(True, f"{len(held)} topics{': ' if held else ''}{', '.join(held)}")
