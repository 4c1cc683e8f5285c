"""The app, which teaches drf-spectacular our tokens when it starts."""

from django.apps import AppConfig


class ReferenceConfig(AppConfig):
    """Loads the schema's words once Django is ready."""

    name = "reference"

    def ready(self) -> None:
        """Register the bearer scheme."""
        from reference import documents  # noqa: F401 # importing registers
