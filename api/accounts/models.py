"""What the API keeps about logins, beside Django's users, and the permission to see personal columns."""

from django.contrib.auth.models import User
from django.db import models


class Session(models.Model):
    """A login and all tokens that came of it; without its row none of them is good."""

    id: "models.CharField[str, str]" = models.CharField(max_length=32, primary_key=True)
    user: "models.ForeignKey[User, User]" = models.ForeignKey(User, on_delete=models.CASCADE)
    refresh: "models.CharField[str, str]" = models.CharField(max_length=32, help_text="id of the refresh token to use")
    ends_at: "models.FloatField[float, float]" = models.FloatField(db_index=True, help_text="seconds since 1970")


class LoginAttempt(models.Model):
    """A login that failed, under a keyed hash of the user name, of the address or of both; kept for a minute."""

    key: "models.CharField[str, str]" = models.CharField(max_length=64)
    at: "models.FloatField[float, float]" = models.FloatField(help_text="seconds since 1970")

    class Meta:
        """Every look-up is by key."""

        indexes = [models.Index(fields=["key", "at"], name="attempts_by_key")]


class Lake(models.Model):
    """The lake as something to have permissions on; it has no rows."""

    class Meta:
        """Nothing is stored; the permission is all there is."""

        managed = False
        default_permissions = ()
        permissions = [("view_personal", "May see personal columns unmasked and filter on them")]
