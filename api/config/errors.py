"""Every error leaves the API in one shape: `{"error", "detail", "request_id"}`."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from config.refusals import AWAY, UnavailableError
from lakehouse.errors import LakehouseError, NoSuchRecordError, NotBuiltError, ServiceError

log = logging.getLogger("api")

CODES = {
    400: "bad_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    410: "gone",
    413: "body_too_large",
    414: "url_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "server_error",
    503: "unavailable",
}
FAILED = "Something went wrong on our side. Give the request_id to whoever runs the API."


def body(request: HttpRequest | None, code: int, detail: object) -> dict[str, object]:
    """Return the error body for a status code; a list with a single message is that message."""
    if isinstance(detail, list) and len(detail) == 1:
        detail = detail[0]
    return {"error": CODES.get(code, "error"), "detail": detail, "request_id": getattr(request, "id", "")}


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
        case RequestDataTooBig() | SuspiciousOperation():
            return exceptions.ParseError("The request cannot be read.")
        case NoSuchRecordError():
            return exceptions.NotFound(str(error))
        case NotBuiltError():
            return UnavailableError("This is not built yet. Run `make pipeline`, then ask again.", 30)
        case ServiceError() | OperationalError():
            log.warning("unavailable: %s", error)
            return UnavailableError(AWAY)
        case LakehouseError():
            log.error("lakehouse: %s", error)
            return UnavailableError(AWAY)
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself refuses, such as an unknown host name."""
    return response(request, 400, "The request cannot be read.")


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django itself forbids."""
    return response(request, 403, "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form posted to a page that takes none."""
    return response(request, 403, "You may not do this.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that no route has."""
    return response(request, 404, "There is nothing here. Paths end with a slash; /api/schema/ lists them all.")


def failed(request: HttpRequest) -> HttpResponse:
    """Answer a failure that nobody foresaw, without saying anything about it."""
    return response(request, 500, FAILED)
