"""What runs, where, how large it is, and whether it serves."""

from collections import Counter

import psutil
from kafka import TopicPartition
from kafka.admin import OffsetSpec

from docker.native import daemons, ready
from docker.native.console import say
from docker.native.layout import PORTS_OF, Stack
from lakehouse.settings import Settings


def _memory(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(int(p.memory_info().rss) for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def _program_line(name: str, info: dict[str, object], settings: Settings) -> str:
    pid = int(str(info.get("pid", 0)))
    state = str(info.get("statename", "STOPPED")).lower()
    ports = ", ".join(f"{port}={settings.ports[port]}" for port in PORTS_OF[name])
    where = f"{pid:>7}  {_memory(pid) / 1024**2:>5,.0f} MB" if pid else " " * 17
    return f"  {name:<10}{state:<9}{where}  {ports}"


def topics(settings: Settings) -> dict[str, int]:
    """Return how many messages each topic of the local broker holds, by its first and next offsets."""
    client = ready.admin(settings)
    try:
        described = client.describe_topics()
        partitions = [
            TopicPartition(topic["name"], partition["partition_index"])
            for topic in described
            if not topic["is_internal"]
            for partition in topic["partitions"]
        ]
        first = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
        after = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
    finally:
        client.close()
    counts: Counter[str] = Counter()
    for partition in partitions:
        counts[partition.topic] += after[partition].offset - first[partition].offset
    return dict(sorted(counts.items()))


def show(stack: Stack) -> None:
    """Print the processes with their memory and ports, then what HDFS, Kafka and the API say of themselves."""
    settings, known = stack.settings, daemons.states(stack)
    say(f"Stack {stack.home}")
    left = [] if known else daemons.processes(stack)
    if left:
        say(f"  The supervisor is gone, {len(left)} of its processes are left: `make up` or `make down` ends them")
    for name in PORTS_OF:
        say(_program_line(name, known.get(name, {}), settings))
    say(f"HDFS   {_hdfs_line(settings) if known or left else 'stopped; `make up` starts it'}")
    say(f"Kafka  {_kafka_line(settings) if known or left else 'stopped; `make up` starts it'}")
    say(f"API    {_api_line(settings) if known or left else 'stopped; `make api` starts it'}")


def _hdfs_line(settings: Settings) -> str:
    state = ready.namenode(settings)
    if not state:
        return "does not answer; `make up` starts it"
    safe = "on" if state["FSState"] != "Operational" else "off"
    used, free = (int(str(state[f"Capacity{name}"])) / 1024**2 for name in ("Used", "Remaining"))
    nodes, files = state["NumLiveDataNodes"], state["FilesTotal"]
    return f"safe mode {safe}, {nodes} live DataNodes, {files} files and folders, {used:,.1f} MB, {free:,.0f} MB free"


def _kafka_line(settings: Settings) -> str:
    if lacking := ready.kafka(settings):
        return f"{lacking}; `make up` starts it"
    try:
        held = [f"{name} {count:,}" for name, count in topics(settings).items()]
    except Exception as error:  # the broker went away between the two questions
        return f"the broker does not answer ({type(error).__name__})"
    return f"{len(held)} topics{': ' if held else ''}{', '.join(held)}"


def _api_line(settings: Settings) -> str:
    lacking = ready.api(settings)
    return (
        f"{lacking}; `make api` starts it" if lacking else f"serves at http://127.0.0.1:{settings.ports['API_PORT']}/"
    )
