"""Users for tests of the API, and clients that carry their tokens; Django must be set up first."""

from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from accounts import tokens

PASSWORD = "correct horse battery staple"


def make(name: str = "ada", groups: tuple[str, ...] = (), personal: bool = False) -> User:
    """Make a user with the password PASSWORD."""
    user = User.objects.create_user(name, password=PASSWORD)
    user.groups.set(Group.objects.filter(name__in=groups))
    if personal:
        user.user_permissions.add(Permission.objects.get(codename="view_personal"))
    return user


def token_client(user: User) -> Client:
    """Return a client that sends an access token of the user."""
    return Client(headers={"Authorization": f"Bearer {tokens.issue(user).access}"}, raise_request_exception=False)
