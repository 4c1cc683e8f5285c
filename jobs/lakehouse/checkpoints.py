"""A stream's checkpoint and what it wrote live and die together: checked before a stream starts.

Beside Spark's own files each checkpoint holds `binding.json`, the ids of what the stream reads and writes.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    is_used = bool(_numbers(files, f"{url}/commits"))
    if not is_used and stream.has_rows and not files.names(f"{url}/offsets"):
        raise IntegrityError(
            f"{', '.join(stream.binding)} in {settings.lake} hold rows of the stream {stream.name}, but its checkpoint "
            f"{url} is gone: reading again would double them. Bring the checkpoint back, or move both away."
        )
    bound = _binding(files, f"{url}/binding.json")
    changed = sorted(name for name, one in stream.binding.items() if bound.get(name, one) != one)
    if is_used and changed:
        raise IntegrityError(
            f"The checkpoint {url} belongs to another {', '.join(changed)} than the one that is there now in "
            f"{settings.lake} or Kafka: its rows are gone, or records would be missed. Bring that back, or move the "
            f"checkpoint and the tables it writes away."
        )
    if bound != stream.binding:
        _write(files, f"{url}/binding.json", stream.binding)


def _binding(files: Storage, url: str) -> dict[str, str]:
    try:
        bound: dict[str, str] = json.loads(files.read(url) or b"{}")
    except ValueError as error:
        raise IntegrityError(f"{url} is damaged ({error}). Bring it back, or delete it to bind it anew.") from error
    return bound


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
    done = _numbers(files, f"{url}/commits")
    if not done:
        return {}
    first = _last_line(files.read(f"{url}/sources/0/0")).get(topic, {})
    last = _last_line(files.read(f"{url}/offsets/{max(done)}")).get(topic, {})
    return {partition: (first.get(partition, 0), end) for partition, end in last.items()}


def has_read_table(settings: Settings, stream: str, version: int) -> bool:
    """Return whether a stream has read a Delta table up to this version, so that it need not be started.

    A new table is at version 0, which holds no rows.
    """
    position = _position(settings, stream)
    return position is not None and version < int(position.get("reservoirVersion", 1))


def has_read_topic(settings: Settings, stream: str, topic: str, ends: dict[int, int]) -> bool:
    """Return whether a stream has read a topic up to these offsets by partition, so that it need not be started."""
    position = _position(settings, stream)
    if position is None:
        return False
    read = position.get(topic, {})
    return all(read.get(str(partition), 0) == end for partition, end in ends.items())


def _position(settings: Settings, stream: str) -> dict[str, Any] | None:
    """Return where a stream's source is, {} before its first batch, None where a batch was begun and not finished."""
    files, url = storage(settings), paths.checkpoint(settings.lake, stream)
    begun, done = _numbers(files, f"{url}/offsets"), _numbers(files, f"{url}/commits")
    if not begun:
        return {}
    return _last_line(files.read(f"{url}/offsets/{max(done)}")) if done and max(done) == max(begun) else None


def _numbers(files: Storage, folder: str) -> list[int]:
    return [int(name) for name in files.names(folder) if name.isdigit()]


def _last_line(content: bytes | None) -> dict[str, Any]:
    """Return the JSON in the last line of a file of the checkpoint, such as {"logs_topic":{"0":12}}."""
    line = (content or b"").decode("utf-8", "replace").strip().rpartition("\n")[2]
    # A source without an offset yet stands as a dash.
    found: dict[str, Any] = json.loads(line[line.index("{") :]) if "{" in line else {}
    return found
