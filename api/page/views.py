"""The page itself: an empty frame and what the registry knows of metrics; every number is fetched by the browser."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.reasons import all_reasons

# Scripts and styles from this server's files alone, none within the page; the page talks to nobody else.
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def described() -> list[dict[str, object]]:
    """Return what the page's script needs to know of each metric: route, title, meaning, columns with their types.

    `has_time` says whether it can be asked by day, week or month.
    """
    return [
        {
            "name": metric.name,
            "route": f"{metric.name.replace('_', '-')}/",
            "title": metric.name.replace("_", " ").capitalize(),
            "meaning": metric.comment,
            "has_time": DATASETS[metric.dataset].time_column is not None,
            "columns": [{"name": column.name, "type": column.type} for column in metric.columns],
        }
        for metric in METRICS.values()
    ]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Return the page, which needs no token: it holds no data."""
    reasons = {reason.name: reason.sentence for reason in all_reasons().values()}
    response = render(request, "page/index.html", {"metrics": described(), "reasons": reasons})
    response.headers["Content-Security-Policy"] = CSP
    response.headers["Cache-Control"] = "no-cache"
    return response
