"""The schema, two pages that show it, and the files that pages load: nothing comes from another server."""

import json
from functools import cache
from pathlib import Path

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import condition, require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

# Both pages set styles from scripts; ReDoc searches and parses in a worker that it makes itself.
PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; worker-src blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@cache
def document() -> bytes:
    """Return the OpenAPI document as JSON; it depends on the code alone, so once made it stays."""
    schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return json.dumps(schema, ensure_ascii=False, indent=1).encode()


class Schema(APIView):
    """The OpenAPI document."""

    permission_classes = [AllowAny]
    authentication_classes = []

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Answer with the document as JSON."""
        return HttpResponse(document(), content_type="application/vnd.oai.openapi+json")


@require_safe
def page(request: HttpRequest, name: str) -> HttpResponse:
    """Return the page `name`: swagger or redoc."""
    response = render(request, f"reference/{name}.html")
    response.headers["Content-Security-Policy"] = PAGE_CSP
    return response


def static_file(path: str) -> Path:
    """Return a file out of an app's `static` folder; raises Http404 for anything else."""
    try:
        found = finders.find(path)
    except (SuspiciousFileOperation, ValueError) as error:
        raise Http404 from error
    if not found or not Path(str(found)).is_file():
        raise Http404
    return Path(str(found))


def static_tag(_request: HttpRequest, path: str) -> str:
    """Return the entity tag of a static file: its size, and when it was last written, in nanoseconds."""
    state = static_file(path).stat()
    return f'"{state.st_size:x}-{state.st_mtime_ns:x}"'


@require_safe
@cache_control(no_cache=True)
@condition(etag_func=static_tag)
def asset(request: HttpRequest, path: str) -> HttpResponseBase:
    """Return a static file; browsers ask each time, lest they mix modules from before and after an upgrade."""
    return FileResponse(static_file(path).open("rb"))
