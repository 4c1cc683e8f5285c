"""Where one stack keeps its state, its logs and its rendered configuration."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from docker.native import java
from lakehouse.settings import ROOT, Settings

# A Unix socket's path is at most 107 bytes on Linux and 103 on macOS (`sun_path` of sys/un.h).
LONGEST_SOCKET = 100
# Beside these there is the state of the services, in the folders that profiles.py names.
FOLDERS = ("conf", "logs", "run", "run/tmp")
# The API makes this one itself: its database and its secrets.
API_FOLDER = "api"
# And the jobs make these.
JOB_FOLDERS = ("lakehouse-tmp", "last-run")


@dataclass(frozen=True)
class Stack:
    """One stack: the paths that follow from its settings."""

    settings: Settings

    @cached_property
    def java(self) -> Path:
        """The java command of the services; raises ServiceError where the machine has none that is new enough."""
        return java.require(os.environ) / "bin" / "java"

    @property
    def home(self) -> Path:
        """Folder of everything that belongs to this stack."""
        return self.settings.stack_home

    @property
    def conf(self) -> Path:
        """Folder of the rendered configuration."""
        return self.home / "conf"

    @property
    def secrets(self) -> Path:
        """Folder of the certificates and passwords of a secure stack."""
        return self.home / "secrets"

    @property
    def socket(self) -> Path:
        """Socket of the supervisor; in the temporary folder where its own path would be too long for the system."""
        path = self.home / "run" / "supervisor.sock"
        if len(os.fsencode(path)) <= LONGEST_SOCKET:
            return path
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"lakehouse-{os.getuid()}-{digest}.sock"

    def log(self, program: str) -> Path:
        """Return the log of a program, such as `kafka`."""
        return self.home / "logs" / f"{program}.log"

    def environ(self) -> dict[str, str]:
        """Return the environment that supervisord.conf expands and that marks each process as this stack's.

        Raises ServiceError where the machine has no Java that is new enough.
        """
        return {
            **os.environ,
            "STACK_HOME": str(self.home),
            "STACK_ROOT": str(ROOT),
            "STACK_SOCKET": str(self.socket),
            # As the commands of the programs name what is of the project: its own path may hold any character.
            "STACK_JAVA": str(self.java.relative_to(ROOT) if self.java.is_relative_to(ROOT) else self.java),
            "JAVA_HOME": str(self.java.parent.parent),
            "STACK_OWNER": str(self.home),
        }
