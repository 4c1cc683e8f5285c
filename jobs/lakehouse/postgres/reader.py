"""What a way of reading a table does, and says of how it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from lakehouse.lake.state import Reading
from lakehouse.postgres.rows import Change


@dataclass(frozen=True)
class Look:
    """How a table stands: its `id`, whether it has news, and in a sentence what is gone since it was read (`loss`).

    `end` is where a reading ends that is told before it begins: an LSN.
    """

    id: str
    has_news: bool
    loss: str = ""
    end: str = ""


class Reader(Protocol):
    """A way of reading a table: by a cursor column, or by a replication slot."""

    def look(self, reading: Reading | None) -> Look:
        """Return how the table stands, for a bronze that has read it so far; None where it never has."""

    def changes(self, reading: Reading | None, look: Look) -> Iterator[Change]:
        """Yield what is new, `end` as the last; all rows as they are where there is no reading yet."""

    def done(self, reading: Reading) -> None:
        """Let go of what bronze has committed."""
