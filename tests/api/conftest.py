"""Django for tests: a state folder and a database of their own, users with tokens, and a sample lake behind the API."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

HOME = tempfile.mkdtemp(prefix="lakehouse-api-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
_BEFORE = os.environ.get("STACK_HOME")
os.environ["STACK_HOME"] = HOME
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

django.setup()
setup_test_environment()
if _BEFORE is None:
    del os.environ["STACK_HOME"]
else:
    os.environ["STACK_HOME"] = _BEFORE

from api_users import make as make_a_user  # noqa: E402
from api_users import token_client  # noqa: E402
from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.test import Client, override_settings  # noqa: E402
from page_browser import api as api  # noqa: E402
from page_browser import browser as browser  # noqa: E402
from page_browser import page as page  # noqa: E402

from lakehouse.lake import Lake  # noqa: E402
from lakes import refresher  # noqa: E402


@pytest.fixture(scope="session")
def database() -> Iterator[None]:
    """The database of the test session, migrated; passwords are hashed quickly."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        call_command("migrate", interactive=False, verbosity=0)
        yield
        connections.close_all()


@pytest.fixture(autouse=True)
def empty_database(database: None) -> Iterator[None]:
    """Users, tokens and login attempts of a test end with it."""
    yield
    from accounts.models import LoginAttempt

    for model in (LoginAttempt, User):
        model.objects.all().delete()


@pytest.fixture
def make_user() -> Callable[..., User]:
    """Return a maker of users: `make_user("ada", groups=["engineer"], personal=True)`."""

    return make_a_user


@pytest.fixture
def anonymous() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def client(make_user: Callable[..., User]) -> Client:
    """A signed-in user without any group."""
    return token_client(make_user("ada"))


@pytest.fixture
def engineer(make_user: Callable[..., User]) -> Client:
    """A signed-in engineer who may not see personal columns."""
    return token_client(make_user("grace", groups=("engineer",)))


@pytest.fixture
def privileged(make_user: Callable[..., User]) -> Client:
    """A signed-in engineer who may see personal columns."""
    return token_client(make_user("edith", groups=("engineer",), personal=True))


@pytest.fixture
def serve_lake() -> Iterator[Callable[[str], refresher.Refresher]]:
    """Return a function that puts the API in front of a lake, looked at once; `look()` of its result looks again."""
    overrides: list[Any] = []

    def serve(url: str) -> refresher.Refresher:
        override = override_settings(LAKEHOUSE=replace(settings.LAKEHOUSE, lake=url))
        override.enable()
        overrides.append(override)
        made = refresher.Refresher(Lake(url))
        made.look()
        refresher.install(made)
        return made

    yield serve
    refresher.install(None)
    for override in reversed(overrides):
        override.disable()


@pytest.fixture
def served(sample_lake: str, serve_lake: Callable[[str], refresher.Refresher]) -> str:
    """The sample lake's URL, with the API in front of it."""
    serve_lake(sample_lake)
    return sample_lake


@pytest.fixture
def scratch(tmp_path: Path) -> str:
    """The URL of a lake that is not there yet."""
    return f"file://{tmp_path}/lake"
