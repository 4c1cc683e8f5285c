"""Makes a user, or finds the one that is there: `manage.py create_user --username ada --groups engineer`."""

import json
import secrets
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Creates the user where missing and sets groups; with --write the same call again keeps a working password."""

    help = "Create a user of the API, or change one: groups, permission to see personal columns, password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--username", required=True)
        parser.add_argument("--groups", nargs="*", default=[], help="engineer: looks below gold; analyst: asks in SQL")
        parser.add_argument("--personal", action="store_true", help="may see personal columns unmasked")
        parser.add_argument("--random-password", action="store_true", help="make one up instead of asking")
        parser.add_argument("--write", type=Path, help="keep address, name and the made-up password in this JSON file")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the user as asked; raises CommandError naming what cannot be done."""
        call_command("migrate", interactive=False, verbosity=0)
        groups = [self.group(name) for name in options["groups"]]
        path: Path | None = options["write"]
        if not options["random_password"] and (path or not sys.stdin.isatty()):
            raise CommandError("There is no terminal to ask for a password. Use --random-password.")
        user, is_new = User.objects.get_or_create(username=options["username"])
        if options["random_password"]:
            self.make_up(user, path)
        else:
            self.ask(user, is_new)
        user.groups.add(*groups)
        if options["personal"]:
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label="lakehouse", codename="view_personal")
            )
        self.stdout.write(
            f"User {user.username} {'created' if is_new else 'is there'}{f', see {path}' if path else ''}."
        )

    def make_up(self, user: User, path: Path | None) -> None:
        """Give a user a password, unless the one in the file still works; keep it there, or tell it."""
        if path and works(path, user):
            return
        password = secrets.token_urlsafe(18)
        user.set_password(password)
        user.is_active = True
        user.save()
        if path:
            write(path, user.username, password)
        else:
            self.stdout.write(f"password: {password}")

    def ask(self, user: User, is_new: bool) -> None:
        """Ask for a password on the terminal, as Django does; leave no half-made user behind."""
        try:
            call_command("changepassword", user.username)
        except CommandError:
            if is_new:
                user.delete()
            raise

    def group(self, name: str) -> Group:
        """Return a group by its name; raises CommandError listing those that exist."""
        if group := Group.objects.filter(name=name).first():
            return group
        names = ", ".join(Group.objects.values_list("name", flat=True))
        raise CommandError(f"There is no group {name!r}; there are: {names}.")


def works(path: Path, user: User) -> bool:
    """Return whether the password that an earlier run kept is still the user's, at the address of now."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    here = {"url": settings.LAKEHOUSE.api_url, "username": user.username}
    known = isinstance(kept, dict) and here.items() <= kept.items() and user.is_active
    return known and user.check_password(str(kept.get("password")))


def write(path: Path, username: str, password: str) -> None:
    """Keep address, name and password where only the owner can read them; raises CommandError where that fails."""
    content = {"url": settings.LAKEHOUSE.api_url, "username": username, "password": password}
    # Such a file is made with mode 0600.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as draft:
            draft.write(json.dumps(content, indent=2) + "\n")
        try:
            Path(draft.name).replace(path)
        except OSError:
            Path(draft.name).unlink()
            raise
    except OSError as error:
        raise CommandError(f"{path} cannot be written ({error.strerror}). Name another file by --write.") from error
