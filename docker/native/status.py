"""What runs, where, how large it is, and whether it serves: as lines for a person, or as JSON for a program."""

import json
from typing import Any

import psutil

from docker.native import daemons, profiles
from docker.native.layout import Stack
from docker.native.profiles import Service
from lakehouse.logs import say
from lakehouse.settings import Settings


def _memory(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(int(p.memory_info().rss) for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def _program(info: dict[str, object], ports: dict[str, int]) -> dict[str, Any]:
    pid = int(str(info.get("pid", 0)))
    return {
        "state": str(info.get("statename", "STOPPED")).lower(),
        "pid": pid or None,
        "memory_bytes": _memory(pid) if pid else 0,
        "ports": ports,
    }


def _service(service: Service, settings: Settings, is_running: bool) -> dict[str, Any]:
    if is_running and service.account:
        serves, says = service.account(settings)
    else:
        lacking = service.check(settings) if is_running else "stopped"
        serves = not lacking
        says = f"serves at {service.address(settings)}" if serves else f"{lacking}; `{service.start}` starts it"
    return {"serves": serves, "address": service.address(settings), "says": says}


def look(stack: Stack) -> dict[str, Any]:
    """Return the processes with their memory in bytes and their ports, and what each service says of itself.

    `left` are processes of this stack whose supervisor is gone. Raises ServiceError where another profile runs in this
    STACK_HOME.
    """
    daemons.check_profile(stack)
    settings, known = stack.settings, daemons.states(stack)
    left = [] if known else daemons.processes(stack)
    return {
        "home": str(stack.home),
        "profile": settings.profile,
        "left": [process.pid for process in left],
        "programs": {
            name: _program(known.get(name, {}), {port: settings.ports[port] for port in ports})
            for name, ports in profiles.ports(settings).items()
        },
        "services": {
            service.name: _service(service, settings, bool(known or left))
            for service in (*profiles.services(settings), profiles.API)
        },
    }


def show(stack: Stack, form: str) -> None:
    """Print what `look` gives as `json` or as lines of text; raises as `look`."""
    found = look(stack)
    if form == "json":
        say(json.dumps(found, indent=2))
        return
    say(f"Stack {found['home']}, profile {found['profile']}")
    if count := len(found["left"]):
        say(f"  The supervisor is gone, {count} of its processes are left: `make up` or `make down` ends them")
    for name, program in found["programs"].items():
        where = f"{program['pid']:>7}  {program['memory_bytes'] / 1024**2:>5,.0f} MB" if program["pid"] else " " * 17
        ports = ", ".join(f"{port}={number}" for port, number in program["ports"].items())
        say(f"  {name:<16}{program['state']:<9}{where}  {ports}")
    for name, service in found["services"].items():
        say(f"{name:<6} {service['says']}")
