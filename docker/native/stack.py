"""Start, stop and show the services of this machine: `python -m docker.native.stack up|down|status|start-api|clean`.

The profile's services come up by `up`, the API server by `start-api`; `down` stops whatever of this STACK_HOME is
running, `clean` removes its state too.
"""

import argparse
import contextlib
import fcntl
import shutil
import signal
import time
from collections.abc import Iterable, Iterator

from docker.native import checks, daemons, profiles, ready, render, status, storage
from docker.native.console import progress, run
from docker.native.layout import API_FOLDER, FOLDERS, JOB_FOLDERS, Stack
from docker.native.profiles import API, Service
from lakehouse.errors import LockedError, ServiceError
from lakehouse.logs import say
from lakehouse.settings import ROOT, load


@contextlib.contextmanager
def _alone(stack: Stack) -> Iterator[None]:
    """Keep a second command from starting or stopping the same stack meanwhile."""
    checks.check_home(stack)
    state = (folder for service in profiles.services(stack.settings) for folder in service.folders)
    for folder in (*FOLDERS, *state):
        (stack.home / folder).mkdir(parents=True, exist_ok=True)
    with (stack.home / "run" / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LockedError(
                f"Another command is starting or stopping the services in {stack.home}. Wait for it, then try again."
            ) from error
        yield


@contextlib.contextmanager
def _all_or_nothing(stack: Stack, programs: Iterable[str]) -> Iterator[None]:
    """Stop the programs again when their start fails, and the supervisor too where it has nothing else to watch."""
    try:
        yield
    except BaseException:
        daemons.stop(stack, programs)
        if not daemons.running(stack):
            daemons.shut_down(stack)
        raise


def _refuse_other_settings(stack: Stack) -> None:
    changed = [
        path.name for path, text in render.render(stack).items() if not path.exists() or path.read_text() != text
    ]
    if changed:
        raise ServiceError(
            f"The services in {stack.home} run with other settings than today's ({', '.join(changed)} would change). "
            "Run `make down` first, or set STACK_HOME to another folder for a second stack."
        )


def _wait(stack: Stack, service: Service, programs: Iterable[str], begin: float) -> None:
    with progress(service.name) as show:
        ready.wait(lambda: service.check(stack.settings), lambda: daemons.check_alive(stack, programs), show)
    say(f"{service.name:<6}serves at {service.address(stack.settings)}  {time.monotonic() - begin:.1f} s")


def up(stack: Stack) -> None:
    """Start the services of the profile unless they run, and return when all serve."""
    begin, programs = time.monotonic(), profiles.programs(stack.settings)
    daemons.check_profile(stack)
    absent = [program for program in programs if program not in daemons.running(stack)]
    if len(absent) < len(programs):
        _refuse_other_settings(stack)
    with _all_or_nothing(stack, absent):
        if absent:
            checks.check_jars()
            checks.check_disk(stack.home)
            daemons.ensure_supervisor(stack)
            checks.check_ports(stack, absent)
            render.write(stack)
            with progress("Services") as show:
                show("formatting empty storage")
                commands = [service.storage(stack) for service in profiles.services(stack.settings)]
                storage.run(stack, dict(pair for found in commands for pair in found.items()))
            daemons.start(stack, absent)
        for service in profiles.services(stack.settings):
            _wait(stack, service, programs, begin)


def _code_is_newer(stack: Stack) -> bool:
    """Return whether a file of the API's code, a dataset's or a metric's perhaps, was changed since it started."""
    started = float(str(daemons.states(stack)["api"]["start"]))
    files = (path for folder in ("api", "jobs/lakehouse") for path in (ROOT / folder).rglob("*.py"))
    return any(path.stat().st_mtime > started for path in files)


def start_api(stack: Stack) -> None:
    """Start the API server unless it runs with the settings and the code of now, and return when it answers."""
    begin = time.monotonic()
    daemons.check_profile(stack)
    is_running = "api" in daemons.running(stack)
    changed = "settings" if render.write_settings(stack) else "code" if is_running and _code_is_newer(stack) else ""
    if is_running and changed:
        say(f"The {changed} changed: starting the API anew")
        daemons.stop(stack, ["api"])
        is_running = False
    with _all_or_nothing(stack, [] if is_running else ["api"]):
        if not is_running:
            daemons.ensure_supervisor(stack)
            checks.check_ports(stack, ["api"])
            daemons.start(stack, ["api"])
        _wait(stack, API, API.programs, begin)


def down(stack: Stack) -> None:
    """Stop everything of this stack and return when the processes are gone."""
    begin = time.monotonic()
    with progress("Services") as show:
        show("stopping")
        count = daemons.shut_down(stack)
    say(f"Stopped {count} processes in {time.monotonic() - begin:.1f} s" if count else "Nothing was running")


def clean(stack: Stack) -> None:
    """Stop everything of this stack and delete its state; other files in STACK_HOME are left alone.

    Raises ServiceError for what cannot be deleted.
    """
    daemons.shut_down(stack)
    folders = [stack.home / folder for folder in (*FOLDERS, *profiles.folders(), API_FOLDER, *JOB_FOLDERS)]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    if left := [str(folder) for folder in folders if folder.exists()]:
        raise ServiceError(
            f"{', '.join(left)} could not be removed: it holds files of another user, or a job still writes there. "
            "End that job, or remove them as that user, then run `make clean` again."
        )
    with contextlib.suppress(OSError):  # not empty: something else lives there too
        stack.home.rmdir()
    say(f"Removed the state in {stack.home}")


def main() -> None:
    """Run the command that was asked for."""
    parser = argparse.ArgumentParser(prog="python -m docker.native.stack", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "status", "start-api", "clean"])
    parser.add_argument("--format", default="text", choices=["text", "json"], help="of status (default: text)")
    asked = parser.parse_args()
    command, stack = asked.command, Stack(load())
    if command == "status":
        status.show(stack, asked.format)
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a start that is ended leaves nothing half running
    with _alone(stack):
        {"up": up, "down": down, "start-api": start_api, "clean": clean}[command](stack)


if __name__ == "__main__":
    run(main)
