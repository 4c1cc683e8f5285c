"""Writes docs/openapi.yaml and docs/postman_collection.json: `manage.py write_docs`; run it when a route changes."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from reference.postman import collection


class Command(BaseCommand):
    """Writes what the code says, and nothing else, so that a test can compare."""

    help = "Write the OpenAPI document and the Postman collection into docs/."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--out", type=Path, default=settings.BASE.parent / "docs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files."""
        document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        text = OpenApiYamlRenderer().render(document, renderer_context={})  # type: ignore[no-untyped-call]
        (out / "openapi.yaml").write_bytes(text)
        postman = json.dumps(collection(document), indent=2, ensure_ascii=False)
        (out / "postman_collection.json").write_text(postman + "\n", encoding="utf-8")
