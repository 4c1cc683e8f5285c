"""The processes of one stack: its supervisor, and what the supervisor runs."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterable
from http.client import HTTPException
from pathlib import Path

import psutil
from supervisor.xmlrpc import SupervisorTransport

from docker.native import profiles
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT

CONF = ROOT / "docker" / "native" / "supervisord.conf"
ALIVE = ("STARTING", "RUNNING", "BACKOFF", "STOPPING")


def call(stack: Stack, method: str, *arguments: object) -> object:
    """Call a method of the supervisor, such as `startProcess`, and return its answer.

    Raises OSError where no supervisor of this stack listens, and ServiceError where it refuses.
    """
    transport = SupervisorTransport(None, None, serverurl=f"unix://{stack.socket}")
    try:
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)
    except HTTPException as error:
        raise OSError(str(error)) from error
    except xmlrpc.client.Fault as error:
        raise ServiceError(
            f"The supervisor refused {method} {' '.join(map(str, arguments))} ({error.faultString}); "
            f"its log is {stack.log('supervisord')}."
        ) from error


def states(stack: Stack) -> dict[str, dict[str, object]]:
    """Return what the supervisor knows per program (`statename`, `pid`, …); empty where it does not run."""
    try:
        answer = call(stack, "getAllProcessInfo")
    except OSError:
        return {}
    return {str(info["name"]): info for info in answer} if isinstance(answer, list) else {}


def running(stack: Stack) -> set[str]:
    """Return the names of the programs that are running or on their way."""
    return {name for name, info in states(stack).items() if info["statename"] in ALIVE}


def processes(stack: Stack) -> list[psutil.Process]:
    """Return every process that was started for this stack, by the mark in its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("STACK_OWNER") == str(stack.home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return [process for process in found if process.pid != os.getpid()]


def check_profile(stack: Stack) -> None:
    """Raise ServiceError where what is running in this STACK_HOME was started under another profile."""
    try:
        profile = call(stack, "getIdentification")
    except OSError:
        return
    if profile != stack.settings.profile:
        raise ServiceError(
            f"What runs in {stack.home} was started with PROFILE={profile}, not {stack.settings.profile}. "
            f"Run `make down` first, say PROFILE={profile}, or set STACK_HOME to another folder for a second stack."
        )


def _environ(stack: Stack) -> dict[str, str]:
    """Return the environment of the supervisor, with the profile and the files of its programs."""
    files = (file for service in (*profiles.services(stack.settings), profiles.API) for file in service.files)
    return {
        **stack.environ(),
        "STACK_PROFILE": stack.settings.profile,
        "STACK_PROGRAMS": " ".join(f"programs/{file}.conf" for file in dict.fromkeys(files)),
    }


def ensure_supervisor(stack: Stack) -> None:
    """Start the supervisor unless it runs; what a supervisor that was killed has left running is ended first."""
    try:
        call(stack, "getPID")
    except OSError:
        end(processes(stack))
        stack.socket.unlink(missing_ok=True)
        for left in (stack.home / "run" / "tmp").iterdir():  # a killed NameNode's copy of its web pages
            shutil.rmtree(left, ignore_errors=True)
    else:
        return
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(CONF)]
    done = subprocess.run(command, capture_output=True, text=True, env=_environ(stack), check=False)
    deadline = time.monotonic() + 20
    while not states(stack):
        if done.returncode or time.monotonic() > deadline:
            detail = (done.stderr or done.stdout).strip()
            raise ServiceError(f"The supervisor did not start ({detail}); its log is {stack.log('supervisord')}.")
        time.sleep(0.05)


def start(stack: Stack, programs: Iterable[str]) -> None:
    """Ask the supervisor to start programs, without waiting for them."""
    for program in programs:
        call(stack, "startProcess", program, False)


def stop(stack: Stack, programs: Iterable[str]) -> None:
    """Stop programs and wait until they are gone."""
    alive = running(stack)
    for program in programs:
        if program in alive:
            with contextlib.suppress(ServiceError):  # it has just ended by itself
                call(stack, "stopProcess", program, True)


def _last_words(log: Path) -> str:
    """Return the last error in a log with the line after it, which says why; the last lines where there is none."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    errors = [i for i, line in enumerate(lines) if re.search(r"\b(ERROR|FATAL)\b", line)]
    told = lines[errors[-1] : errors[-1] + 2] if errors else lines[-2:]
    return " | ".join(line.strip() for line in told)[:600] or "it said nothing"


def check_alive(stack: Stack, programs: Iterable[str]) -> None:
    """Raise ServiceError, with the last lines of its log, for the first program that has died."""
    known = states(stack)
    for program in programs:
        state = known.get(program, {}).get("statename", "gone")
        if state not in ("STARTING", "RUNNING"):
            raise ServiceError(
                f"{program} died at start: {_last_words(stack.log(program))}\nIts log is {stack.log(program)}."
            )


def end(left: list[psutil.Process], seconds: float = 20) -> None:
    """End processes politely, then by force, and return when they are gone."""
    for process in left:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    _, stubborn = psutil.wait_procs(left, seconds)
    for process in stubborn:
        process.kill()
    psutil.wait_procs(stubborn, 5)


def shut_down(stack: Stack) -> int:
    """Stop everything of this stack and return how many processes there were."""
    before = processes(stack)
    with contextlib.suppress(OSError, ServiceError):  # without a supervisor, what is left is ended below
        call(stack, "stopAllProcesses", True)
        call(stack, "shutdown")
    psutil.wait_procs(before, 30)
    end(processes(stack))
    stack.socket.unlink(missing_ok=True)
    return len(before)
