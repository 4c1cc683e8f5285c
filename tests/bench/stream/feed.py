"""The load: events at a steady rate from a thread, and small files that appear in the inbox."""

import shutil
from collections import defaultdict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event

from bench.sources import EVENT_DATASET, FILE_DATASETS, SEED
from bench.stream.client import Sums
from producers import brokers, files
from producers.generators import DATASETS
from producers.plan import Plan
from producers.sending import Delivery, Outcome, paced

FILE_ROWS = 50


class Feed:
    """Sends events until it is stopped; knows exactly which were acknowledged."""

    def __init__(self, servers: str, rate: int, pool: ThreadPoolExecutor) -> None:
        self.plan, self.stop, self.outcome = Plan(EVENT_DATASET, SEED, None), Event(), Outcome()
        limit = brokers.ensure_topics(servers, [self.plan.topic])[self.plan.topic]
        delivery = Delivery(servers, self.plan.topic, limit, SEED, self.stop, self.outcome, lambda: None)
        self.sending: Future[None] = pool.submit(delivery.run, paced(self.plan.messages(), rate, self.stop))

    @property
    def count(self) -> int:
        """Number of events that the broker has acknowledged."""
        return self.outcome.acknowledged

    def end(self) -> None:
        """Stop, and return when the broker has answered for each event; raises ServiceError where it does not."""
        self.stop.set()
        self.sending.result(timeout=60)

    def sums(self) -> Sums:
        """Return clicks and impressions by campaign over all events sent; they are the first of their sequence."""
        found: Sums = defaultdict(lambda: [0, 0])
        for record in DATASETS[EVENT_DATASET].records(SEED, 0, self.count):
            sums = found[str(record["campaign_id"])]
            sums[0] += int(str(record["clicks"]))
            sums[1] += int(str(record["impressions"]))
        return dict(found)


class Files:
    """Small files, one of each file dataset for each minute, written beforehand so that putting them costs nothing."""

    def __init__(self, staged: Path, inbox: Path, minutes: int) -> None:
        self.staged, self.inbox = staged, inbox
        self.waiting = [
            [files.write(staged, dataset, FILE_ROWS, SEED + minute).path for dataset in FILE_DATASETS]
            for minute in range(minutes, -1, -1)
        ]
        for dataset in FILE_DATASETS:
            (inbox / dataset).mkdir(parents=True, exist_ok=True)

    def put(self) -> None:
        """Put the next minute's files into the inbox, each in one step."""
        for path in self.waiting.pop() if self.waiting else ():
            path.replace(self.inbox / path.relative_to(self.staged))

    def remove(self) -> None:
        """Delete what was written and never put."""
        shutil.rmtree(self.staged, ignore_errors=True)
