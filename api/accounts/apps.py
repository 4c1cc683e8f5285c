"""The app's label, which is the first half of `lakehouse.view_personal`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, their sessions and what they may see."""

    name = "accounts"
    label = "lakehouse"
