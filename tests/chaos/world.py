"""The lake that is struck: its services, the jobs that run on it, and the records that come in meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from chain import Chain

from chaos.strikes import SERVICES, Round
from lakehouse.errors import NotBuiltError
from lakehouse.lake import runs
from producers.plan import Plan

MESSAGES, ROWS = 400, 30
COMMANDS = {
    "pipeline": ("jobs/submit.sh", "jobs/pipeline.py"),
    "stream": ("jobs/submit.sh", "jobs/pipeline.py", "--continuous"),
    "replay": ("jobs/submit.sh", "jobs/replay.py"),
    "maintain": (sys.executable, "jobs/maintain.py"),
}
SABOTAGED = ("jobs/submit.sh", "tests/chaos/sabotaged.py")
_PATIENCE = 300.0


class ChaosError(Exception):
    """Raised where the lake does not come back by itself."""


@dataclass
class World:
    """A chain with its services, and how often something was killed or frozen so far."""

    chain: Chain
    is_sabotaged: bool = False
    kills: int = 0
    freezes: int = 0

    def play(self, round_: Round) -> None:
        """Let records come in and a job run, strike, and bring the services back."""
        plan = Plan("ad_campaigns", 1000 + round_.number, MESSAGES, 0.02)
        self.chain.files(ROWS, 1000 + round_.number, 0.05)
        sending = self._send(plan)
        job, started = self.chain.start(*self._command(round_)), time.monotonic()
        if round_.service:
            self._sleep(started + round_.service_after)
            self._strike(round_.service, round_.frozen)
        self._sleep(started + round_.job_after, lambda: job.poll() is not None)
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
            self.kills += 1
        job.communicate(timeout=_PATIENCE)
        self.serve()
        while sending.wait(timeout=_PATIENCE):
            # The same command sends what is missing, and nothing twice.
            self.serve()
            sending = self._send(plan)
        self.chain.sent.add(plan.dataset, (item.record for item in plan.items() if item.breakage is None))

    def _command(self, round_: Round) -> tuple[str, ...]:
        if self.is_sabotaged:
            return SABOTAGED
        if round_.mode != "restore":
            return COMMANDS[round_.mode]
        # Back to before one of the last runs, whichever: what came since comes in again.
        try:
            found = runs.newest(self.chain.lake, 5).to_pylist()
        except NotBuiltError:
            found = []
        run_id = found[round_.number % len(found)]["run_id"] if found else "none"
        return sys.executable, "jobs/restore.py", "run", run_id

    def _send(self, plan: Plan) -> subprocess.Popen[str]:
        options = [f"--{name}={getattr(plan, name)}" for name in ("rows", "seed", "errors", "skip", "repeats")]
        return subprocess.Popen(
            [sys.executable, "-m", "producers.produce", "--datasets", plan.dataset, *options],
            env=self.chain.environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def _strike(self, service: str, frozen: float) -> None:
        process = self._daemon(service)
        if process is None:
            return
        if not frozen:
            process.kill()
            self.kills += 1
            return
        process.send_signal(signal.SIGSTOP)
        time.sleep(frozen)
        process.send_signal(signal.SIGCONT)
        self.freezes += 1

    def _daemon(self, service: str) -> psutil.Process | None:
        """Return the process of a service by the port that it listens on, None where it is just starting."""
        port = self.chain.settings.ports[SERVICES[service]]
        listening = (c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid)
        return next((psutil.Process(c.pid) for c in listening if c.laddr and c.laddr.port == port), None)

    @staticmethod
    def _sleep(until: float, is_over: Callable[[], bool] = lambda: False) -> None:
        while time.monotonic() < until and not is_over():
            time.sleep(0.02)

    def serve(self) -> None:
        """Wait until all services serve; they come back by themselves, nobody mends anything."""
        until = time.monotonic() + _PATIENCE
        while (done := self.chain.stack.command("up")).returncode:
            if time.monotonic() > until:
                raise ChaosError(f"The services do not come back:\n{done.stdout}{done.stderr}")
            time.sleep(1)

    def settle(self) -> None:
        """Run the chain undisturbed to its end."""
        self.serve()
        command = SABOTAGED if self.is_sabotaged else COMMANDS["pipeline"]
        done = self.chain.run(*command)
        if done.returncode:
            raise ChaosError(f"The chain failed when nothing disturbed it:\n{done.stdout[-2000:]}")
