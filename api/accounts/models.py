"""What the API keeps about logins, beside Django's users and the token blacklist."""

from django.db import models


class LoginAttempt(models.Model):
    """One login that was tried, under a keyed hash of the user name or of the address; kept for a minute."""

    key: "models.CharField[str, str]" = models.CharField(max_length=64)
    at: "models.FloatField[float, float]" = models.FloatField(help_text="seconds since 1970")

    class Meta:
        """Every look-up is by key."""

        indexes = [models.Index(fields=["key", "at"], name="attempts_by_key")]
