"""Sockets for gunicorn's threads: they wait for a slow client only so long, and send an answer in one packet."""

import contextlib
import errno
import select
import socket
import time
from typing import Any

# Seconds in which a request must have arrived as a whole; a thread that reads does nothing else meanwhile.
ARRIVAL = 2.0


class Patient:
    """A client's socket whose reads end at a deadline, whatever little the client sends before it.

    gunicorn reads with no limit: forty clients that stopped in the middle of a request kept every thread for good.
    """

    def __init__(self, inner: socket.socket) -> None:
        self.inner = inner
        self.deadline = 0.0

    def __getattr__(self, name: str) -> Any:
        """Be the socket in everything else."""
        return getattr(self.inner, name)

    def start(self) -> None:
        """Begin to wait for a request."""
        self.deadline = time.monotonic() + ARRIVAL

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read what is there; raises ConnectionResetError, which gunicorn takes for a client that left."""
        waiting = select.poll()
        waiting.register(self.inner, select.POLLIN)
        if not waiting.poll(max(self.deadline - time.monotonic(), 0) * 1000):
            raise ConnectionResetError(errno.ECONNRESET, "the request did not arrive in time")
        return self.inner.recv(size, flags)


def cork(connection: Any, is_on: bool) -> None:
    """Hold back what is sent on a connection, or let it go; does nothing where the system knows no TCP_CORK."""
    if hasattr(socket, "TCP_CORK"):
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, int(is_on))
