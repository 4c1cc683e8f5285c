"""What is struck, how and when: drawn from a seed, so that a run can be had again."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

# Jobs, and how often each is drawn. `strict` is the pipeline with one rule more, so that a replay finds something.
MODES = {
    "pipeline": 6,
    "stream": 3,
    "bronze": 1,
    "silver": 1,
    "gold": 1,
    "strict": 2,
    "replay": 2,
    "what-if": 1,
    "maintain": 2,
    "restore": 2,
}
# Those without Spark, over within seconds.
SHORT = ("maintain", "restore")
# By profile: what is struck, by the ports, and which disks have no room.
SERVICES = {
    "laptop": {"NameNode": "HDFS_RPC_PORT", "DataNode": "HDFS_DATA_PORT", "broker": "KAFKA_PORT"},
    "s3": {"S3": "S3_PORT", "broker": "KAFKA_PORT"},
}
FULL = {"laptop": ("temporary folder", "HDFS"), "s3": ("temporary folder",)}


@dataclass(frozen=True)
class Strike:
    """A service that is killed, or frozen for some seconds, when that part of the job's usual time has passed."""

    service: str
    at: float
    frozen: float


@dataclass(frozen=True)
class Round:
    """A job that runs while records come in, and what happens to it.

    `end` is the part of its usual time after which it is killed, or ended by Ctrl-C where `is_asked`; None lets it end
    by itself. `full` names the disk that has no room meanwhile: such a job must end by itself and say so. `room` is how
    many bytes a file in the temporary folder may have then.
    """

    number: int
    mode: str
    end: float | None
    is_asked: bool
    strikes: tuple[Strike, ...]
    full: str | None
    room: int


def rounds(seed: int, count: int, profile: str = "laptop") -> Iterator[Round]:
    """Yield so many rounds on the services of a profile; the same seed gives the same ones."""
    chance = Random(f"chaos {seed}")
    for number in range(1, count + 1):
        mode = chance.choices(list(MODES), list(MODES.values()))[0]
        fate, end = chance.random(), chance.uniform(0.05, 1.0)
        full = chance.choice(FULL[profile]) if fate > 0.9 else None
        strikes = [
            _strike(chance, end, list(SERVICES[profile])) for _ in range(chance.choices((0, 1, 2), (2, 5, 3))[0])
        ]
        is_let = full is not None or (fate > 0.8 and mode != "stream")
        yield Round(
            number,
            mode,
            end=None if is_let else end,
            # Ctrl-C within the first second meets Python itself, which shows where it was.
            is_asked=not is_let and mode not in SHORT and end > 0.6 and chance.random() < 0.3,
            strikes=() if full else tuple(sorted(strikes, key=lambda strike: strike.at)),
            full=full,
            room=2 ** chance.randrange(10, 16),
        )


def _strike(chance: Random, end: float, services: list[str]) -> Strike:
    frozen = round(chance.uniform(0.5, 4), 1) if chance.random() < 0.3 else 0.0
    return Strike(chance.choice(services), chance.uniform(0, end), frozen)
