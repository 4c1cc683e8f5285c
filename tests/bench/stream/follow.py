"""One stream from its start to its end: the load, the probes, the polling, and the samples of each minute."""

import math
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import psutil
from stack import RunningStack

from bench.stream import watch
from bench.stream.bars import shown
from bench.stream.client import Client, Sums
from bench.stream.feed import Feed, Files
from bench.stream.job import Job
from bench.stream.probes import Probes, median
from bench.stream.watch import Sample
from lakehouse.logs import say

POLL, PROBE, MINUTE, DRAIN = 0.075, 5.0, 60.0, 180.0


@dataclass
class Follower:
    """Polls the API, and does what is due meanwhile."""

    stack: RunningStack
    job: Job
    client: Client
    feed: Feed
    files: Files
    probes: Probes
    pool: ThreadPoolExecutor
    show: Callable[[str], None]
    first_result: float = math.inf
    campaigns: Sums = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    _looking: Future[Sample] | None = None

    def poll(self) -> None:
        """Ask the API once and note what is new, then wait for the rest of the interval."""
        began = time.monotonic()
        if news := self.client.news():
            if self.first_result == math.inf:
                self.first_result = time.monotonic() - self.job.started
            self.campaigns = news
            self.probes.look(news)
        time.sleep(max(0.0, POLL - (time.monotonic() - began)))

    def load(self, minutes: int) -> None:
        """Keep the load up for so many minutes from the start; raises BenchError where the job ends before."""
        probe, minute = 0.0, 0
        while (elapsed := time.monotonic() - self.job.started) < minutes * MINUTE:
            self.job.check()
            if self.feed.sending.done():
                self.feed.end()
            self.show(f"{self.feed.count:,} events, {len(self.probes.seen)} of {len(self.probes.sums)} probes seen")
            if elapsed >= minute * MINUTE:
                self.files.put()
                self._sample(minute)
                minute += 1
            if self.first_result < math.inf and elapsed >= probe:
                self.probes.send()
                probe = elapsed + PROBE
            self._told()
            self.poll()
        self._sample(minutes)

    def drain(self) -> float:
        """Wait until the campaigns equal what was sent, and return the seconds that took; infinite where they do not.

        The load is stopped first.
        """
        self.feed.end()
        began, wanted = time.monotonic(), self.feed.sums() | self.probes.sums
        while self.campaigns != wanted:
            if time.monotonic() - began > DRAIN or self.job.process.poll() is not None:
                return math.inf
            self.show(f"waiting for the last events, {time.monotonic() - began:.0f} s")
            self._told()
            self.poll()
        return time.monotonic() - began

    def _sample(self, minute: int) -> None:
        if self._looking is None and minute:
            process = psutil.Process(self.job.process.pid)
            self._looking = self.pool.submit(watch.look, self.stack, process, self.job.log, minute)

    def _told(self) -> None:
        """Say a line about a sample that has come back."""
        if self._looking is None or not self._looking.done():
            return
        sample, self._looking = self._looking.result(), None
        self.samples.append(sample)
        files, name = sample.most_files()
        version = sample.tables.get("gold.campaign_metrics", [0, 0])[1]
        say(
            f"  minute {sample.minute:>3}  {self.feed.count:>9,} events  {len(self.probes.seen):>4} probes seen, p50 "
            f"{shown(median(self.probes.seconds()), 's'):>6} s  JVM {sample.jvm / 2**20:6,.0f} MiB  Python "
            f"{sample.python / 2**20:5,.0f} MiB  {files:>5,} files ({name})  gold version {version:>5,}"
        )
