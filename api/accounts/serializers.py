"""The bodies of the token routes."""

from typing import Any

from rest_framework import serializers


class Credentials(serializers.Serializer[Any]):
    """What a login sends."""

    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=1024, trim_whitespace=False, style={"input_type": "password"})


class Refresh(serializers.Serializer[Any]):
    """What a refresh or a logout sends."""

    refresh = serializers.CharField(max_length=4096)


class Tokens(serializers.Serializer[Any]):
    """What login and refresh answer."""

    access = serializers.CharField(help_text="for the Authorization header; valid for five minutes")
    refresh = serializers.CharField(help_text="to be exchanged once for a new pair; valid for a day")
