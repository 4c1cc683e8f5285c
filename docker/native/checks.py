"""What must be so before a service is started; each check names the setting to change."""

import re
from collections.abc import Iterable
from pathlib import Path

from docker.native import doctor, profiles
from docker.native.daemons import holder
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT


def check_ports(stack: Stack, programs: Iterable[str]) -> None:
    """Raise ServiceError, naming the setting and the holder, for the first port of the programs that is taken."""
    ports = profiles.ports(stack.settings)
    for name in (name for program in programs for name in ports[program]):
        port = stack.settings.ports[name]
        if not doctor.is_free(port):
            raise ServiceError(
                f"{name}={port} is taken{holder(port)}. Stop that process, or set {name} to a free port in the "
                "environment or in its file of conf/."
            )


def check_home(stack: Stack) -> None:
    """Raise ServiceError where the state cannot be kept in STACK_HOME: a name that a URL cannot hold, or no access."""
    if not re.fullmatch(r"[\w./+@-]+", str(stack.home), re.ASCII):
        raise ServiceError(
            f"STACK_HOME={str(stack.home)!r} cannot be used: HDFS takes letters, digits and ./+@_- in a folder's name. "
            "Set STACK_HOME to another folder."
        )
    try:
        stack.home.mkdir(parents=True, exist_ok=True)
        (stack.home / ".writable").touch()
        (stack.home / ".writable").unlink()
    except OSError as error:
        raise ServiceError(
            f"STACK_HOME={stack.home} cannot be written to ({error.strerror}). Set STACK_HOME to another folder."
        ) from error


def check_disk(folder: Path, needed: int = doctor.DISK) -> None:
    """Raise ServiceError where the disk of `folder` has less than `needed` bytes free."""
    found = doctor.disk("disk", folder, needed, "STACK_HOME")
    if found.state == doctor.STOP:
        raise ServiceError(f"Only {found.says}")


def check_jars(stamp: Path = ROOT / "build" / "jars" / ".verified") -> None:
    """Raise ServiceError where the jars have not been fetched and checked."""
    if not stamp.exists():
        raise ServiceError("The jars of HDFS and Kafka are not there yet. Run `make jars`.")
