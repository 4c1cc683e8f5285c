"""Django for granian, by RSGI (https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md).

granian speaks with clients outside Python, so one that sends or reads slowly holds a connection and no thread. By WSGI
it would not: there the thread itself waits for the body, without an end.
"""

import asyncio
import io
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from wsgiref.util import FileWrapper

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.errors import REFUSED  # config.middleware may be imported only once the settings are there

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

# Requests that a worker process answers at a time: more than one user may have waiting for the lake (lakes/reads.py).
# And seconds in which a body must have arrived.
THREADS, ARRIVAL = 32, 5.0
# Seconds after which a file that was made for one answer is deleted.
OPENING = 10.0
# Seconds for which one look at the lake may keep others waiting, the watchers' too; who asked for it is long gone then.
LOOK = 30.0
Environ = dict[str, Any]
# Status, headers, and the bytes of the body or the path of the file that is the body.
Answer = tuple[int, list[tuple[str, str]], bytes | str]


class Application:
    """A WSGI application as an RSGI one: it gets whole requests and gives whole answers, in threads of its own."""

    def __init__(self, wsgi: Callable[[Environ, Any], Iterable[bytes]]) -> None:
        self._wsgi = wsgi
        self._threads = ThreadPoolExecutor(THREADS, "request")

    def __rsgi_init__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """Open the lake: in the worker process, because handles of deltalake do not survive a fork."""
        from lakehouse.lake import native
        from lakes import refresher

        native.limit(LOOK)
        refresher.current()

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        environ = _environ(scope)
        if "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "0") != "0":
            await _add_body(environ, protocol)
        loop = asyncio.get_running_loop()
        status, headers, body = await loop.run_in_executor(self._threads, self._answer, environ)
        send = protocol.response_file if isinstance(body, str) else protocol.response_bytes
        send(status, headers, body)
        if isinstance(body, str) and Path(body).parent == settings.EXPORTS:
            # The server opens it before it sends the head; who reads it slowly still has it.
            loop.call_later(OPENING, partial(Path(body).unlink, missing_ok=True))

    def _answer(self, environ: Environ) -> Answer:
        head: list[Any] = []
        chunks = self._wsgi(environ, lambda status, headers, _=None: head.extend((status, headers)))
        try:
            # A file is sent piece by piece as its reader takes it.
            path = getattr(chunks.filelike, "name", None) if isinstance(chunks, FileWrapper) else None
            body = path if isinstance(path, str) else b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = head
        return int(status[:3]), headers, body


def _environ(scope: Any) -> Environ:
    """Return the WSGI environ of a request (PEP 3333) without its body; a name with an underscore is left out."""
    client, _, _ = scope.client.rpartition(":")
    _, _, port = scope.server.rpartition(":")
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileWrapper,
    }
    for name, value in scope.headers.items():
        if "_" not in name:
            key = name.upper().replace("-", "_")
            key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
    if "HTTP_HOST" not in environ:
        environ[REFUSED] = (400, "The request names no Host.")
    return environ


async def _add_body(environ: Environ, protocol: Any) -> None:
    """Add a request's body with its length, sent in chunks or not; refuse one that is too slow.

    Of one that is too large it adds what shows that.
    """
    body, most = bytearray(), settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    try:
        async with asyncio.timeout(ARRIVAL):
            async for chunk in protocol:
                body += chunk
                if len(body) > most:
                    break
    except TimeoutError:
        environ[REFUSED] = (408, f"The body did not arrive within {ARRIVAL:g} s.")
    environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(body)), io.BytesIO(body)


application = Application(get_wsgi_application())
