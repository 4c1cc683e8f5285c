"""The SQL route: one SELECT over the tables that a user may read, in a process of its own."""

import json
import os
import subprocess
import sys
from typing import Any, cast

import pyarrow as pa
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request

from accounts.permissions import IsAnalyst, sees_personal
from config.errors import SLOW, UnavailableError
from config.media import ARROW, CSV, JSON
from lakehouse.errors import ServiceError
from lakehouse.query import limits, sandbox
from lakehouse.query.errors import DeniedError, QueryError
from lakes import access
from query import slots
from query.documents import ResultSet
from query.views import rendered
from reference.documents import errors

EXAMPLE = {"sql": "SELECT produit, total_ventes FROM gold.total_sales_per_product ORDER BY 2 DESC LIMIT 3"}


class Sql(serializers.Serializer[Any]):
    """What is asked."""

    sql = serializers.CharField(max_length=limits.SQL_CHARACTERS, help_text="one SELECT")


@extend_schema(
    operation_id="sql",
    summary="One SELECT over the tables that you may read",
    tags=["query"],
    request=Sql,
    examples=[OpenApiExample("sales", EXAMPLE, request_only=True)],
    responses={
        (200, JSON): OpenApiResponse(ResultSet),
        (200, CSV): OpenApiTypes.STR,
        (200, ARROW): OpenApiTypes.BINARY,
        **errors(403, 429, 503),
    },
)
@api_view(["POST"])
@permission_classes([IsAnalyst])
def sql(request: Request) -> HttpResponse:
    """Return all rows of the answer, or an error: none is cut."""
    body = Sql(data=request.data)
    body.is_valid(raise_exception=True)
    return rendered(request, answer(cast(User, request.user), body.validated_data["sql"]))


def answer(user: User, query: str) -> pa.Table:
    """Return the answer to a user's query; raises QueryError, DeniedError, ServiceError and UnavailableError."""
    layers = list(dict.fromkeys(view.layer for view in access.known().values() if access.may_read(user, view)))
    asked = json.dumps({"sql": query, "layers": layers, "masked": not sees_personal(user)})
    release = slots.take(settings.STATE / "slots", user.pk, "SQL queries", 1, limits.SQL_RUNNING)
    try:
        done = _run(asked)
    finally:
        release()
    if done.returncode in (QueryError.exit_code, DeniedError.exit_code):
        raise (DeniedError if done.returncode == DeniedError.exit_code else QueryError)(done.stdout.decode())
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode < 0 or "MemoryError" in said:
        raise QueryError(sandbox.TOO_MUCH)
    if done.returncode:
        raise ServiceError(done.stdout.decode() or said)
    return pa.ipc.open_stream(done.stdout).read_all()


def _run(asked: str) -> subprocess.CompletedProcess[bytes]:
    lakehouse = settings.LAKEHOUSE
    environ = {**os.environ, "LAKEHOUSE_URL": lakehouse.lake, "PYTHONPATH": str(settings.BASE.parent / "jobs")}
    command = [sys.executable, "-m", "lakehouse.query.sandbox"]
    try:
        return subprocess.run(
            command, input=asked.encode(), capture_output=True, env=environ, timeout=limits.SQL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(SLOW.format(limits.SQL_SECONDS)) from error
