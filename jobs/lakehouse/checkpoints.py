"""A stream's checkpoint and what it wrote live and die together: checked before a stream starts.

Beside Spark's own files each checkpoint holds `binding.json`, the ids of what the stream reads and writes.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lakehouse import paths
from lakehouse.errors import IntegrityError
from lakehouse.settings import Settings
from lakehouse.storage import Storage, storage


@dataclass(frozen=True)
class Stream:
    """A stream before it starts: its name, the ids it is bound to, and whether its rows are there.

    `binding` maps what it reads and writes, such as `bronze.logs` or `topic logs_topic`, to ids that change when that
    is made anew. `has_rows` says whether the tables it writes hold rows of its source.
    """

    name: str
    binding: dict[str, str]
    has_rows: bool


def check(settings: Settings, stream: Stream) -> None:
    """Bind a new checkpoint, or compare an old one with what is there now.

    Raises IntegrityError naming both paths where rows stand without the checkpoint that wrote them, or where a
    checkpoint with finished batches belongs to a table or topic that is gone.
    """
    files, url = storage(settings), paths.checkpoint(settings.lake, stream.name)
    is_used = bool([n for n in files.names(f"{url}/commits") if n.isdigit()])
    if not is_used and stream.has_rows and not files.names(f"{url}/offsets"):
        raise IntegrityError(
            f"{', '.join(stream.binding)} in {settings.lake} hold rows of the stream {stream.name}, but its checkpoint "
            f"{url} is gone: reading again would double them. Bring the checkpoint back, or move both away."
        )
    bound = json.loads(files.read(f"{url}/binding.json") or b"{}")
    changed = sorted(name for name, one in stream.binding.items() if bound.get(name, one) != one)
    if is_used and changed:
        raise IntegrityError(
            f"The checkpoint {url} belongs to another {', '.join(changed)} than the one that is there now in "
            f"{settings.lake} or Kafka: its rows are gone, or records would be missed. Bring that back, or move the "
            f"checkpoint and the tables it writes away."
        )
    if bound != stream.binding:
        _write(files, f"{url}/binding.json", stream.binding)


def _write(files: Storage, url: str, content: dict[str, str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(json.dumps(content).encode())
        file.flush()
        files.upload(Path(file.name), url)


def consumed(settings: Settings, stream: str, topic: str) -> dict[str, tuple[int, int]]:
    """Return per partition the first and the next offset of what a stream has read from a topic.

    Spark keeps the first offsets in `sources/0/0` and those of batch n in `offsets/n`, the last line of each as JSON.
    """
    files, url = storage(settings), paths.checkpoint(settings.lake, stream)
    done = [int(n) for n in files.names(f"{url}/commits") if n.isdigit()]
    if not done:
        return {}
    first = _offsets(files.read(f"{url}/sources/0/0"), topic)
    last = _offsets(files.read(f"{url}/offsets/{max(done)}"), topic)
    return {partition: (first.get(partition, 0), end) for partition, end in last.items()}


def _offsets(content: bytes | None, topic: str) -> dict[str, int]:
    """Return the offsets in a file whose last line is JSON such as {"logs_topic":{"0":12}}."""
    line = (content or b"{}").decode("utf-8", "replace").strip().splitlines()[-1]
    found: dict[str, int] = json.loads(line[line.index("{") :]).get(topic, {})
    return found
