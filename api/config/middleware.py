"""The outermost layer: request ids, size limits, security headers, and one access line per request."""

import logging
import time
import uuid
from collections.abc import Callable
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse

from config import errors
from config.logs import masked_address, safe
from monitoring.requests import observe

access = logging.getLogger("access")

CSP = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"


class Edge:
    """Gives each request an id, refuses what is too large, and lets no failure out in any other shape than the API's.

    A failure inside deltalake's Rust is a PanicException, which is no Exception and would end the worker's thread.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request and write its access line: no query, no token, no full address."""
        started = time.perf_counter()
        request.id = uuid.uuid4().hex  # type: ignore[attr-defined]
        request.META["REMOTE_ADDR"] = client_address(request)
        response = self.refused(request) or self.answered(request)
        response.headers.setdefault("Content-Security-Policy", CSP)
        # The length in a 304 would be that of the 200 (RFC 9110, section 8.6): better none.
        if not response.streaming and response.status_code != 304:
            response.headers["Content-Length"] = str(len(response.content))
        response.headers["X-Request-Id"] = request.id  # type: ignore[attr-defined]
        seconds = time.perf_counter() - started
        observe(request, response, seconds)
        access.info(
            "%s %s %d %.1f ms %s %s",
            request.method,
            safe(request.path),
            response.status_code,
            seconds * 1000,
            masked_address(request.META.get("REMOTE_ADDR", "")),
            request.id,  # type: ignore[attr-defined]
            extra={"fields": {"status": response.status_code, "seconds": round(seconds, 4), "request_id": request.id}},  # type: ignore[attr-defined]
        )
        return response

    def refused(self, request: HttpRequest) -> HttpResponse | None:
        """Return the refusal of a request for an unknown host, or whose URL or body is over the limit, else None."""
        if errors.REFUSED in request.META:
            return errors.response(request, *request.META[errors.REFUSED])
        try:
            request.get_host()
        except DisallowedHost:
            return errors.response(
                request, 400, "This host name is not served. API_ALLOWED_HOSTS lists those that are."
            )
        length = len(request.path) + len(request.META.get("QUERY_STRING", ""))
        if length > settings.MAX_URL:
            return errors.response(request, 414, f"The URL is longer than {settings.MAX_URL} characters.")
        body = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if not body.isdecimal() or int(body) > limit:
            return errors.response(request, 413, f"The body is larger than {limit} bytes.")
        return None

    def answered(self, request: HttpRequest) -> HttpResponse:
        """Return the views' answer, or a plain 500 for a panic; to HEAD that to GET, whose body the server leaves out.

        Source: RFC 9110, section 9.3.2.
        """
        method = request.method
        try:
            request.method = "GET" if method == "HEAD" else method
            return self.get_response(request)
        except BaseException as error:
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            return errors.failed(request)
        finally:
            request.method = method


def client_address(request: HttpRequest) -> str:
    """Return who asks: the connection's other end, or for trusted proxies the last address that is none of them.

    Each proxy adds the address that it was asked from to the end of X-Forwarded-For; what stands before the first
    address that is not trusted is the client's own words.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    for address in (peer, *reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(","))):
        if not _is_trusted(address.strip()):
            return str(address.strip())
    return peer


def _is_trusted(address: str) -> bool:
    try:
        return any(ip_address(address) in network for network in settings.API.proxies)
    except ValueError:
        return False
