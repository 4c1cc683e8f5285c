"""gunicorn's threaded worker, with two changes: keep-alive without hand-overs, and error bodies in the API's shape."""

import json
import select
import socket
from http import HTTPStatus
from typing import Any

from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine
from gunicorn.workers import gthread
from gunicorn.workers.gthread import _DEFER, ThreadWorker

from config.errors import CODES, FAILED
from config.sockets import Patient, cork

# Seconds that a thread waits for the first byte of a new connection before the main thread waits instead (5 otherwise).
gthread.DEFAULT_WORKER_DATA_TIMEOUT = 0.2
# Milliseconds that a thread waits for the next request of a connection that it has just answered.
LINGER = 5


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Lets a thread go on with its connection while the client keeps asking and nobody else waits for a thread.

    gunicorn hands a kept-alive connection to the main thread and back after each request, which took a third of the
    time of a short one.
    """

    def handle(self, conn: Any) -> Any:
        """Answer the requests of a connection until it pauses; returns what gunicorn's own method returns."""
        if not isinstance(conn.sock, Patient):
            conn.sock = Patient(conn.sock)
        result = self._one(conn)
        while result is not False and result is not _DEFER and self._goes_on(conn):
            result = self._one(conn)
        return result

    def _one(self, conn: Any) -> Any:
        conn.sock.start()
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer one request in one packet: gunicorn sends head and body apart, which wakes the client twice."""
        cork(conn.sock, True)
        try:
            return super().handle_request(req, conn)
        finally:
            cork(conn.sock, False)

    def _goes_on(self, conn: Any) -> bool:
        if not self.alive or not self.tpool._work_queue.empty() or conn.is_http2:
            return False
        if conn.parser.unreader.buf.getvalue():
            return True
        waiting = select.poll()
        waiting.register(conn.sock, select.POLLIN)
        return bool(waiting.poll(LINGER))

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer a request that never became one for Django: what gunicorn cannot parse, or finds too large."""
        code, detail = 400, "The request is not HTTP as it should be."
        if isinstance(exc, LimitRequestLine):
            code, detail = 414, "The URL is too long."
        elif isinstance(exc, LimitRequestHeaders):
            code, detail = 431, "The request's headers are too large."
        elif not type(exc).__module__.startswith("gunicorn.http"):
            self.log.exception("request failed before Django saw it")
            code, detail = 500, FAILED
        body = json.dumps({"error": CODES[code], "detail": detail, "request_id": ""}).encode()
        head = (
            f"HTTP/1.1 {code} {HTTPStatus(code).phrase}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
            "X-Content-Type-Options: nosniff",
            "Connection: close",
        )
        try:
            client.sendall("\r\n".join((*head, "", "")).encode() + body)
        except OSError:
            self.log.debug("the client was gone before its error could be sent")
