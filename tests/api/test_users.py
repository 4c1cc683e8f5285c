"""The command that makes users."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.permissions import is_engineer, sees_personal
from lakehouse.settings import ROOT


def create(*options: str) -> str:
    out = io.StringIO()
    call_command("create_user", "--username", "demo", *options, stdout=out)
    return out.getvalue()


def test_a_random_password_is_kept_in_a_private_file_and_logs_in(anonymous: Client, tmp_path: Path) -> None:
    path = tmp_path / "new" / "demo.json"
    said = create("--groups", "engineer", "--random-password", "--write", str(path))
    kept = json.loads(path.read_text())
    assert set(kept) == {"url", "username", "password"}
    assert kept["url"].startswith("http://127.0.0.1:")
    assert path.stat().st_mode & 0o777 == 0o600
    assert kept["password"] not in said
    login = {"username": kept["username"], "password": kept["password"]}
    assert anonymous.post("/api/token/", login, content_type="application/json").status_code == 200


def test_the_same_call_again_keeps_the_password(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    create("--random-password", "--write", str(path))
    first = path.read_text()
    create("--random-password", "--write", str(path))
    assert path.read_text() == first


@pytest.mark.parametrize("content", ["", "{", "[]", '{"username": "demo", "password": "old"}', '{"username": "x"}'])
def test_a_file_that_does_not_work_any_more_is_replaced(content: str, tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    create("--random-password")
    path.write_text(content)
    create("--random-password", "--write", str(path))
    assert User.objects.get(username="demo").check_password(json.loads(path.read_text())["password"])


def test_groups_and_the_permission_are_given() -> None:
    create("--random-password")
    plain = User.objects.get(username="demo")
    assert (is_engineer(plain), sees_personal(plain)) == (False, False)
    create("--random-password", "--groups", "engineer", "--personal")
    raised = User.objects.get(username="demo")
    assert (is_engineer(raised), sees_personal(raised)) == (True, True)


def test_an_unknown_group_is_refused_naming_those_that_exist() -> None:
    with pytest.raises(CommandError, match=r"no group 'admins'; there are: engineer"):
        create("--random-password", "--groups", "admins")
    assert not User.objects.exists()


def test_without_a_terminal_nobody_is_asked_and_no_user_is_left_behind() -> None:
    with pytest.raises(CommandError, match="--random-password"):
        create()
    assert not User.objects.exists()


def test_the_settings_of_another_django_project_in_the_environment_are_not_taken(tmp_path: Path) -> None:
    other = {"DJANGO_SETTINGS_MODULE": "shop.settings", "STACK_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "api/manage.py", "check"], cwd=ROOT, env=os.environ | other, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_database_that_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "api.sqlite3").write_text("no database")
    command = [sys.executable, "api/manage.py", "migrate"]
    environ = {**os.environ, "STACK_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(
        r"The database of the API, .*/api/api.sqlite3, cannot be used \(.*\)\. Bring it .*\n", done.stderr
    )


def test_a_file_of_another_address_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "demo.json"
    create("--random-password", "--write", str(path))
    first = path.read_text()
    path.write_text(first.replace("127.0.0.1:", "127.0.0.1:1"))
    create("--random-password", "--write", str(path))
    assert json.loads(path.read_text())["url"] == json.loads(first)["url"]


def test_a_file_that_cannot_be_written_is_told_and_leaves_no_password_behind(tmp_path: Path) -> None:
    (tmp_path / "demo.json").mkdir()
    with pytest.raises(CommandError, match=r"demo.json cannot be written \(Is a directory\)"):
        create("--random-password", "--write", str(tmp_path / "demo.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]
