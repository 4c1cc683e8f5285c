"""What must be so before a service is started; each check names the setting to change."""

import re
from collections.abc import Iterable
from pathlib import Path

from docker.native import doctor, profiles
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT


def _refuse(findings: Iterable[doctor.Finding]) -> None:
    for found in findings:
        if found.state == doctor.STOP:
            raise ServiceError(found.says)


def check_ports(stack: Stack, programs: Iterable[str]) -> None:
    """Raise ServiceError, naming the setting and the holder, for the first port of the programs that is taken."""
    names = profiles.ports(stack.settings)
    numbers = {name: stack.settings.ports[name] for program in programs for name in names[program]}
    _refuse(doctor.ports(numbers, own=False))


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
    _refuse([doctor.disk("disk", folder, needed, "STACK_HOME")])


def check_jars(stamp: Path = ROOT / "build" / "jars" / ".verified") -> None:
    """Raise ServiceError where the jars have not been fetched and checked."""
    if not stamp.exists():
        raise ServiceError("The jars of HDFS and Kafka are not there yet. Run `make jars`.")
