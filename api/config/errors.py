"""Every error leaves the API in one shape: `{"error", "detail", "request_id"}`."""

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from lakehouse.errors import LakehouseError, NoSuchRecordError, NotBuiltError, ServiceError
from lakehouse.query.errors import DeniedError, GoneError, PersonalFilterError, QueryError

log = logging.getLogger("api")

# Under this the server names status and reason of a request that it refuses.
REFUSED = "lakehouse.refused"

# The short code in an error's body by its status, and what the status means on every route.
MEANINGS = {
    400: ("bad_request", "A parameter or the body cannot be used; `detail` says why."),
    401: ("not_authenticated", "There is no token, or it is not valid any more."),
    403: ("forbidden", "This user may not see this."),
    404: ("not_found", "There is no such thing; `detail` says what there is."),
    405: ("method_not_allowed", "The route does not take this method; the Allow header says which."),
    408: ("request_timeout", "The body did not arrive in time."),
    410: ("gone", "The version that the page token names is not kept any more."),
    413: ("body_too_large", "The body is too large."),
    414: ("url_too_long", "The URL is too long."),
    415: ("unsupported_media_type", "The body is not JSON."),
    429: ("too_many_requests", "Too many at once or in a minute; Retry-After says how long to wait."),
    500: ("server_error", "Something went wrong on our side."),
    503: ("unavailable", "The answer is not to be had now; `detail` says why and Retry-After how long to wait."),
}
AWAY = "The lake cannot be read at the moment. Try again shortly; whoever runs it can look with `make status`."
FULL = "The server has no room for this export at the moment: ask for less, or again later."
SLOW = "The query took longer than {:g} s and was stopped: ask for less, or again where the lake did not answer."
NOT_BUILT = "This is not built yet. Run `make pipeline`, then ask again."
FAILED = "Something went wrong on our side. Give the request_id to whoever runs the API."


class UnavailableError(exceptions.APIException):
    """Raised when an answer is not to be had now; `wait` is after how many seconds to ask again."""

    status_code = 503

    def __init__(self, detail: str, wait: int = 5) -> None:
        super().__init__(detail)
        self.wait = wait


class TooManyError(exceptions.Throttled):
    """Raised when a user has as many of something running as allowed, or all users together have."""

    def __init__(self, running: int, what: str, who: str = "You") -> None:
        super().__init__(
            wait=1, detail=f"{who} have {running} {what} running, which is the limit; wait for one to end."
        )


def body(request: HttpRequest | None, code: int, detail: object) -> dict[str, object]:
    """Return the error body for a status code; a list with a single message is that message."""
    if isinstance(detail, list) and len(detail) == 1:
        detail = detail[0]
    return {
        "error": MEANINGS[code][0] if code in MEANINGS else "error",
        "detail": detail,
        "request_id": getattr(request, "id", ""),
    }


def response(request: HttpRequest, code: int, detail: object) -> JsonResponse:
    """Return an error answer from outside a DRF view."""
    return JsonResponse(body(request, code, detail), status=code)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to an exception out of a view, or None for one that nobody foresaw (a 500)."""
    request = context.get("request")
    known = translated(error)
    if known is None:
        return None
    headers = {}
    if known.status_code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    if getattr(known, "wait", None):
        headers["Retry-After"] = str(int(known.wait))  # type: ignore[attr-defined]
    return Response(
        body(getattr(request, "_request", request), known.status_code, known.detail), known.status_code, headers=headers
    )


def translated(error: Exception) -> exceptions.APIException | None:
    """Return the API's word for an error of Django, of the database or of the lakehouse; None for any other."""
    match error:
        case exceptions.APIException():
            return error
        case Http404():
            return exceptions.NotFound("There is nothing here.")
        case PermissionDenied():
            return exceptions.PermissionDenied("You may not do this.")
        case SuspiciousOperation():
            return exceptions.ParseError("The request cannot be read.")
        case PersonalFilterError() | DeniedError():
            return exceptions.PermissionDenied(error.detail)
        case QueryError():
            found = exceptions.ParseError()
            found.detail = error.detail
            return found
        case GoneError():
            gone = exceptions.APIException(str(error))
            gone.status_code = 410
            return gone
        case NoSuchRecordError():
            return exceptions.NotFound(str(error))
        case NotBuiltError():
            return UnavailableError(NOT_BUILT, 30)
        case ServiceError() | OperationalError():
            log.warning("unavailable: %s", error)
            return UnavailableError(AWAY)
        case LakehouseError():
            log.error("lakehouse: %s", error)
            return UnavailableError(AWAY)
    return None


def _handler(code: int, detail: str) -> Callable[..., HttpResponse]:
    """Return what Django answers with where it refuses a request, or fails, outside a view."""
    return lambda request, *_, **__: response(request, code, detail)


bad_request = _handler(400, "The request cannot be read.")
forbidden = _handler(403, "You may not do this.")
not_found = _handler(404, "There is nothing here. Paths end with a slash; /api/schema/ lists them all.")


def failed(request: HttpRequest, *_: object) -> HttpResponse:
    """Return the answer to a request that failed as nobody foresaw, and keep the trace under the request's id."""
    log.exception("request %s failed", getattr(request, "id", ""))
    return response(request, 500, FAILED)
