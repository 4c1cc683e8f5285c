"""What runs, where, how large it is, and whether it serves."""

import psutil

from docker.native import daemons, profiles
from docker.native.console import say
from docker.native.layout import Stack
from docker.native.profiles import Service
from lakehouse.settings import Settings


def _memory(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    try:
        process = psutil.Process(pid)
        return sum(int(p.memory_info().rss) for p in (process, *process.children(recursive=True)))
    except psutil.Error:
        return 0


def _program_line(name: str, info: dict[str, object], ports: dict[str, int]) -> str:
    pid = int(str(info.get("pid", 0)))
    state = str(info.get("statename", "STOPPED")).lower()
    where = f"{pid:>7}  {_memory(pid) / 1024**2:>5,.0f} MB" if pid else " " * 17
    return f"  {name:<16}{state:<9}{where}  {', '.join(f'{port}={number}' for port, number in ports.items())}"


def _line(service: Service, settings: Settings, is_running: bool) -> str:
    if not is_running:
        return f"stopped; `{service.start}` starts it"
    if service.account:
        return service.account(settings)
    lacking = service.check(settings)
    return f"{lacking}; `{service.start}` starts it" if lacking else f"serves at {service.address(settings)}"


def show(stack: Stack) -> None:
    """Print the processes with their memory and ports, then what each service says of itself.

    Raises ServiceError where another profile runs in this STACK_HOME.
    """
    daemons.check_profile(stack)
    settings, known = stack.settings, daemons.states(stack)
    say(f"Stack {stack.home}, profile {settings.profile}")
    left = [] if known else daemons.processes(stack)
    if left:
        say(f"  The supervisor is gone, {len(left)} of its processes are left: `make up` or `make down` ends them")
    for name, ports in profiles.ports(settings).items():
        say(_program_line(name, known.get(name, {}), {port: settings.ports[port] for port in ports}))
    for service in (*profiles.services(settings), profiles.API):
        say(f"{service.name:<6} {_line(service, settings, bool(known or left))}")
