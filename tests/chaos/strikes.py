"""What is struck, how and when: drawn from a seed, so that a run can be had again."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

# Seconds within which a job of each kind is struck: from its start to about its end.
MODES = {"pipeline": 14.0, "stream": 20.0, "replay": 14.0, "maintain": 4.0, "restore": 4.0}
SERVICES = {"NameNode": "HDFS_RPC_PORT", "DataNode": "HDFS_DATA_PORT", "broker": "KAFKA_PORT"}


@dataclass(frozen=True)
class Round:
    """A job that runs while records come in: after `job_after` seconds it is killed, if it has not ended by then.

    A `service`, where one is named, is struck after `service_after` seconds: killed, or frozen for `frozen` seconds.
    """

    number: int
    mode: str
    job_after: float
    service: str | None
    service_after: float
    frozen: float

    def __str__(self) -> str:
        text = f"round {self.number}: {self.mode}, killed after {self.job_after:.2f} s"
        if self.service is None:
            return text
        how = f"frozen for {self.frozen:.1f} s" if self.frozen else "killed"
        return f"{text}; {self.service} {how} after {self.service_after:.2f} s"


def rounds(seed: int, count: int) -> Iterator[Round]:
    """Yield so many rounds; the same seed gives the same ones."""
    chance = Random(f"chaos {seed}")
    for number in range(1, count + 1):
        mode = chance.choices(list(MODES), weights=[6, 4, 2, 1, 1])[0]
        most = MODES[mode]
        service = chance.choice(list(SERVICES)) if chance.random() < 0.5 else None
        frozen = round(chance.uniform(1, 8), 1) if chance.random() < 0.4 else 0.0
        after, service_after = chance.uniform(0, most), chance.uniform(0, most)
        yield Round(number, mode, after, service, min(service_after, after) if service else 0.0, frozen)
