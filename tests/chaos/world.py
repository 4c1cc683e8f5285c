"""The lake that is struck: its services, the jobs that run on it, and the records that come in meanwhile."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Timer

from chain import Chain

from chaos import services
from chaos.strikes import Round, Strike
from docker.native import profiles
from lakehouse import crash
from lakehouse.lake import runs
from lakehouse.logs import say
from lakehouse.settings import ROOT
from producers.plan import Plan

MESSAGES, ROWS = 400, 30
# The number of what comes in beside the rounds.
ONCE = 900
SUBMIT = "jobs/submit.sh"
COMMANDS = {
    "pipeline": (SUBMIT, "jobs/pipeline.py"),
    "stream": (SUBMIT, "jobs/pipeline.py", "--continuous"),
    "bronze": (SUBMIT, "jobs/bronze.py"),
    "silver": (SUBMIT, "jobs/silver.py"),
    "gold": (SUBMIT, "jobs/gold.py"),
    "strict": (SUBMIT, "tests/chaos/strict.py"),
    "replay": (SUBMIT, "jobs/replay.py"),
    "what-if": (SUBMIT, "jobs/what_if.py", "--publish"),
    "maintain": (sys.executable, "jobs/maintain.py"),
    "restore": (sys.executable, "jobs/restore.py"),
}
SABOTAGED = (SUBMIT, "tests/chaos/sabotaged.py")
TRACES = ("Traceback", "Exception in thread", "\n\tat ", "Caused by:")
# Words of a message that names the cause of an end, and one that names a disk without room.
NAMED, FULL = r"make (status|up|pipeline)|Another job|full|killed|interrupted", r"\bis full\b"
# Seconds that a job has to end by itself, beyond so many times its usual ones, and that services have to come back.
ENDING, SLOWER, COMING_BACK = 120.0, 5, 120.0


class ChaosError(Exception):
    """Raised where the lake does not come back by itself, or a job ends otherwise than it should."""


@dataclass(frozen=True)
class Moment:
    """When something was struck, in seconds, and what the job had said last."""

    at: float
    what: str
    mode: str
    step: str


@dataclass
class World:
    """A chain with its services, the seconds that its jobs take undisturbed, and what was killed or frozen so far."""

    chain: Chain
    sabotage: str | None = None
    kills: list[Moment] = field(default_factory=list)
    freezes: int = 0
    full: int = 0
    began: float = field(default_factory=time.monotonic)
    _pace: dict[bool, float] = field(default_factory=dict)
    _sending: tuple[Plan, "subprocess.Popen[bytes]"] | None = None

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self.began

    def begin(self) -> None:
        """Run the chain undisturbed for the first time, to see how long jobs take."""
        self._feed(0)
        self._sent()
        for mode in ("pipeline", "maintain"):
            started = time.monotonic()
            self._ended(self._start(mode), mode, is_disturbed=False)
            self._pace[mode == "pipeline"] = time.monotonic() - started
        say(f"{self.now:7.1f} s  a pipeline takes {self._pace[True]:.1f} s, a command {self._pace[False]:.1f} s")
        if self.sabotage:
            self._kill_where_it_shows()

    def _kill_where_it_shows(self) -> None:
        """Kill a run after a commit and before its end, where the faults show; by the clock that may be missed."""
        self._feed(ONCE)
        self._sent()
        job = self._start("pipeline", None, **{crash.VARIABLE: "silver.ad_campaigns.after_commit"})
        if job.wait(timeout=ENDING + SLOWER * self._pace[True]) != 128 + signal.SIGKILL:
            raise ChaosError(f"The run was not killed where it should be:\n{self._text()[-3000:]}")
        self._killed("job", "pipeline")

    def play(self, round_: Round) -> None:
        """Let records come in and a job run, strike, and wait until the services serve again."""
        self._feed(round_.number)
        mode, pace = round_.mode, self._pace[COMMANDS[round_.mode][0] == SUBMIT]
        if round_.full == "HDFS":
            services.limit_hdfs(self.chain.settings, is_full=True)
        job, started, timers = self._start(mode, round_), time.monotonic(), list[Timer]()
        is_over = partial(lambda job: job.poll() is not None, job)
        for strike in round_.strikes:
            self._sleep(started + strike.at * pace, is_over)
            timers += self._strike(strike, mode)
        if round_.end is not None:
            self._sleep(started + round_.end * pace, is_over)
            if job.poll() is None and round_.is_asked:
                os.killpg(job.pid, signal.SIGINT)
            elif job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
                self._killed("job", mode)
        self._ended(job, mode, is_disturbed=bool(round_.strikes or round_.full), full=round_.full)
        for timer in timers:
            timer.join()
        if round_.full == "HDFS":
            services.limit_hdfs(self.chain.settings, is_full=False)
        if round_.full:
            self.full += 1
        if round_.strikes:
            self.serve()

    def settle(self) -> None:
        """Run the chain undisturbed to its end, and take what stricter rules put into quarantine out of it."""
        self.serve()
        self._sent()
        for mode in ("pipeline", "replay"):
            self._ended(self._start(mode), mode, is_disturbed=False)

    def serve(self) -> None:
        """Wait until all services serve; they come back by themselves, nobody mends anything."""
        until, settings = time.monotonic() + COMING_BACK, self.chain.settings
        checks = [service.check for service in profiles.services(settings)]
        while lacking := next(filter(None, (check(settings) for check in checks)), ""):
            if time.monotonic() > until:
                raise ChaosError(f"The services do not come back: {lacking}")
            time.sleep(0.1)

    def _feed(self, number: int) -> None:
        """Let files come in, and messages where those of the last time are all there."""
        self.chain.files(ROWS, 1000 + number, 0.05)
        if self._sending is None or self._sending[1].poll() is not None:
            self._sent()
            plan = Plan("ad_campaigns", 1000 + number, MESSAGES, 0.02)
            self._sending = plan, self._send(plan)

    def _send(self, plan: Plan) -> "subprocess.Popen[bytes]":
        options = [f"--{name}={getattr(plan, name)}" for name in ("rows", "seed", "errors", "skip", "repeats")]
        command = [sys.executable, "-m", "producers.produce", "--datasets", plan.dataset, *options]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(command, env=self.chain.environ, cwd=ROOT, stdout=quiet, stderr=quiet)

    def _sent(self) -> None:
        """Wait until the messages that are being sent are all acknowledged."""
        if self._sending is None:
            return
        plan, sending = self._sending
        while sending.wait(timeout=COMING_BACK):
            # The same command sends what is missing, and nothing twice.
            self.serve()
            sending = self._send(plan)
        self.chain.sent.add(plan.dataset, (item.record for item in plan.items() if item.breakage is None))
        self._sending = None

    def _command(self, mode: str, number: int) -> tuple[str, ...]:
        command = COMMANDS[mode]
        if self.sabotage and command[0] == SUBMIT:
            return *SABOTAGED, self.sabotage
        if mode != "restore":
            return command
        # Back to before one of the last runs, whichever: what came since comes in again.
        found = runs.newest(self.chain.lake, 5).to_pylist()
        return *command, "run", found[number % len(found)]["run_id"]

    @property
    def _said(self) -> Path:
        return self.chain.settings.stack_home / "said"

    def _start(self, mode: str, round_: Round | None = None, **environ: str) -> "subprocess.Popen[bytes]":
        """Start a job as the head of its own process group; what it says goes to a file."""
        command = self._command(mode, round_.number if round_ else 0)
        most = round_.room if round_ and round_.full == "temporary folder" else resource.RLIM_INFINITY
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
        with self._said.open("wb") as said:
            return subprocess.Popen(
                command, env=self.chain.environ | environ, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT,
                start_new_session=True, preexec_fn=limit,
            )  # fmt: skip

    def _ended(self, job: "subprocess.Popen[bytes]", mode: str, *, is_disturbed: bool, full: str | None = None) -> None:
        """Wait for a job's end; raise ChaosError where it hangs, shows a trace, or fails without naming the cause."""
        try:
            code = job.wait(timeout=ENDING + SLOWER * self._pace.get(True, ENDING))
        except subprocess.TimeoutExpired:
            os.killpg(job.pid, signal.SIGKILL)
            raise ChaosError(f"{mode} does not end by itself:\n{self._text()[-3000:]}") from None
        text = self._text()
        is_named = re.search(FULL if full else NAMED, text.strip().rpartition("\n")[2])
        if any(trace in text for trace in TRACES):
            raise ChaosError(f"{mode} shows a trace:\n{text[-3000:]}")
        if code > 0 and code != 130 and not (is_disturbed and is_named):
            raise ChaosError(f"{mode} failed with {code}:\n{text[-3000:]}")

    def _text(self) -> str:
        return self._said.read_text("utf-8", "replace")

    def _killed(self, what: str, mode: str) -> None:
        steps = re.findall(
            r"^(landing|spark|bronze|silver|gold|compact|streaming)\b(?: +([\w/]+))?", self._text(), re.M
        )
        step = " ".join(steps[-1]) if steps else "its start"
        self.kills.append(Moment(self.now, what, mode, step))
        say(f"{self.now:7.1f} s  kill {len(self.kills)}: {what} during {mode}, after {step}")

    def _strike(self, strike: Strike, mode: str) -> list[Timer]:
        """Kill a service, or freeze it; return the timer that lets it go on."""
        process = services.daemon(self.chain.settings, strike.service)
        if process is None:
            return []
        if not strike.frozen:
            process.kill()
            self._killed(strike.service, mode)
            return []
        process.suspend()
        self.freezes += 1
        timer = Timer(strike.frozen, services.let_go, [process])
        timer.start()
        return [timer]

    @staticmethod
    def _sleep(until: float, is_over: Callable[[], bool]) -> None:
        while time.monotonic() < until and not is_over():
            time.sleep(0.02)
