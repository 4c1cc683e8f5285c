"""What a command costs: seconds, processor time, and memory of its whole tree of processes and of the services.

Memory is each process's proportional set size: a page that n processes share counts as one n-th in each, so the sum
over the processes is what they take together.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import psutil
from stack import RunningStack

from bench.place import BenchError
from docker.native import daemons, profiles
from docker.native.layout import Stack
from lakehouse.settings import ROOT

_INTERVAL, _LONGEST = 0.2, 3600.0


@dataclass(frozen=True)
class Usage:
    """What one command took: seconds by the clock and of processors, and bytes at the moment that most were used.

    `cpu` and `memory` are of the command and the services together, `services` is the services' part of the memory,
    `others` the processor seconds that everything else on the machine used meanwhile, the bench itself included.
    """

    wall: float
    cpu: float
    memory: int
    services: int
    others: float


def service_processes(stack: RunningStack) -> list[psutil.Process]:
    """Return the processes of NameNode, DataNode and broker."""
    states = daemons.states(Stack(stack.settings))
    return [psutil.Process(int(str(states[name]["pid"]))) for name in profiles.programs(stack.settings)]


def tree(root: psutil.Process) -> list[psutil.Process]:
    """Return a process and all below it, as far as they are still there."""
    with contextlib.suppress(psutil.Error):
        return [root, *root.children(recursive=True)]
    return []


def resident(processes: Sequence[psutil.Process], kind: str = "rss") -> int:
    """Return the bytes of memory of processes: `rss`, where shared pages count in each, or `pss`, where they do not."""
    total = 0
    for process in processes:
        with contextlib.suppress(psutil.Error, OSError):
            info = process.memory_info() if kind == "rss" else process.memory_full_info()
            total += getattr(info, kind)
    return total


def busy() -> float:
    """Return the seconds that the machine's processors have worked so far, for whomever."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice


def cpu(processes: Sequence[psutil.Process]) -> float:
    """Return the processor seconds that processes have used so far, without those of their children."""
    total = 0.0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


@dataclass
class Sampler:
    """Looks at a command's processes several times a second, and ends them when they take too long."""

    root: psutil.Process
    services: list[psutil.Process]
    show: Callable[[str], None]
    is_over: Event = field(default_factory=Event)
    seconds: dict[int, float] = field(default_factory=dict)
    memory: int = 0
    of_services: int = 0
    is_late: bool = False
    _largest: int = 0

    def run(self) -> None:
        """Sample until `is_over` is set."""
        end = time.monotonic() + _LONGEST
        while not self.is_over.wait(_INTERVAL):
            self.show("running")
            processes = tree(self.root)
            for process in processes:  # one that has just ended says nothing
                self.seconds[process.pid] = max(cpu([process]), self.seconds.get(process.pid, 0.0))
            self._look(processes)
            if time.monotonic() > end:
                self.is_late = True
                daemons.end(processes, 5)

    def _look(self, processes: list[psutil.Process]) -> None:
        # The exact figure walks all pages of a process, so it is asked for only while the rough one grows.
        rough = resident([*processes, *self.services])
        if rough > self._largest:
            self._largest = rough
            services = resident(self.services, "pss")
            total = resident(processes, "pss") + services
            if total > self.memory:
                self.memory, self.of_services = total, services


def measure(
    stack: RunningStack, command: Sequence[str], environ: Mapping[str, str], log: Path, show: Callable[[str], None]
) -> Usage:
    """Run a command to its end and return what it took; its output goes to `log`.

    Raises BenchError with the last lines of the log where it fails, or takes over an hour.
    """
    services = service_processes(stack)
    before, of_all, began = cpu(services), busy(), time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, env=environ, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    sampler = Sampler(psutil.Process(process.pid), services, show)
    thread = Thread(target=sampler.run, name="sampler")
    thread.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        sampler.is_over.set()
        thread.join()
        if process.returncode is None:
            daemons.end(tree(sampler.root), 10)
            process.wait()
    if process.returncode:
        last = "\n".join(log.read_text("utf-8", errors="replace").splitlines()[-15:])
        why = f"took over {_LONGEST:.0f} s" if sampler.is_late else f"ended with {process.returncode}"
        raise BenchError(f"`{' '.join(command)[:200]}` {why}:\n{last}")
    # The kernel counts children that were waited for, the samples those that were not.
    own = max(used.ru_utime + used.ru_stime, sum(sampler.seconds.values()))
    of_services = sampler.of_services or resident(services, "pss")
    # The kernel's own maximum, of the largest process, is for a command that ended before it was looked at.
    memory = max(sampler.memory, of_services + used.ru_maxrss * 1024)
    total = own + cpu(services) - before
    return Usage(wall, total, memory, of_services, max(busy() - of_all - total, 0.0))
