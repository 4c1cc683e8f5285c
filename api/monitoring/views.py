"""The route that Prometheus scrapes: for this machine alone, or for whoever has the token."""

import hmac
from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from config import errors
from monitoring.lake import LakeCollector


def metrics(request: HttpRequest) -> HttpResponse:
    """Answer in Prometheus's text format; 401 without the token where one is set, 403 for other machines where none is.

    A request that came by a proxy is one of another machine.
    """
    if request.method not in ("GET", "HEAD"):
        refusal = errors.response(request, 405, "This route is read by GET.")
        refusal.headers["Allow"] = "GET, HEAD"
        return refusal
    if token := settings.API.metrics_token:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            refusal = errors.response(request, 401, "The token of API_METRICS_TOKEN_FILE is needed, as a Bearer token.")
            refusal.headers["WWW-Authenticate"] = 'Bearer realm="metrics"'
            return refusal
    elif not _is_from_here(request):
        return errors.response(request, 403, "Only this machine may ask; API_METRICS_TOKEN_FILE lets others do so.")
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(LakeCollector())
    return HttpResponse(
        generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"}
    )


def _is_from_here(request: HttpRequest) -> bool:
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
