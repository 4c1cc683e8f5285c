"""Who may see what: gold is for every user, the layers below for the group `engineer`, SQL for the group `analyst`."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

# Who asks: a user, or nobody that is known.
Asker = AbstractBaseUser | AnonymousUser

ENGINEER, ANALYST = "engineer", "analyst"
VIEW_PERSONAL = "lakehouse.view_personal"


def is_engineer(user: Asker | None) -> bool:
    """Return whether a user may look below gold."""
    return _is_in(user, ENGINEER)


def _is_in(user: Asker | None, group: str) -> bool:
    return isinstance(user, User) and (user.is_superuser or user.groups.filter(name=group).exists())


def sees_personal(user: Asker | None) -> bool:
    """Return whether a user may see personal columns and filter on them."""
    return isinstance(user, User) and user.has_perm(VIEW_PERSONAL)


class IsAnalyst(IsAuthenticated):
    """Lets users of the group `analyst` through."""

    message = "Only users of the group `analyst` may ask in SQL."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request's user is an analyst."""
        return super().has_permission(request, view) and _is_in(request.user, ANALYST)


class IsEngineer(IsAuthenticated):
    """Lets users of the group `engineer` through."""

    message = "Only users of the group `engineer` may look below gold."

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the request's user is an engineer."""
        return super().has_permission(request, view) and is_engineer(request.user)
