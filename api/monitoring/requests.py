"""How many requests came and how long they took, by method, route and status, over all worker processes.

Each worker writes its own numbers into a file that it maps into its memory; whoever is asked adds them up
(https://prometheus.github.io/client_python/multiprocess/). config.settings names their folder, which the server
empties at its start.
"""

from django.http import HttpRequest, HttpResponse
from prometheus_client import Histogram

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
SECONDS = Histogram(
    "lakehouse_api_request_seconds",
    "Seconds until a request was answered.",
    ("method", "route", "status"),
    buckets=(0.005, 0.025, 0.1, 0.5, 2.5, 10),
)


def observe(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Count a request; what has no route, and methods that none takes, are `other`, so that labels stay few."""
    match = request.resolver_match
    method = request.method if request.method in METHODS else "other"
    SECONDS.labels(method, f"/{match.route}" if match else "other", str(response.status_code)).observe(seconds)
