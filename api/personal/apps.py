"""The app's label, which is the first half of `lakehouse.view_personal`."""

from django.apps import AppConfig


class PersonalConfig(AppConfig):
    """Carries the label: the package itself must not be named like jobs/lakehouse."""

    name = "personal"
    label = "lakehouse"
