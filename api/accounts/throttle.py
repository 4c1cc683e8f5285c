"""Five logins a minute per user and per address, counted once for all worker processes."""

import hashlib
import hmac
import math
import time
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from rest_framework.exceptions import Throttled

from accounts.models import LoginAttempt

WINDOW = 60.0

# What tests replace to let a minute pass.
clock: Callable[[], float] = time.time


def key(kind: str, value: str) -> str:
    """Return what an attempt is counted under: a keyed hash, so that no name or address is kept."""
    text = f"{kind}:{value}".encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).hexdigest()


def admit(username: str, address: str) -> None:
    """Count an attempt to log in; raises Throttled, naming the seconds to wait, where it is one too many.

    `address` is the peer of the connection: headers such as X-Forwarded-For are the client's own words. The
    transaction holds the database's write lock, so two processes never both take the last free place. A refused
    attempt is not counted.
    """
    now = clock()
    keys = (key("user", username), key("address", address))
    with transaction.atomic():
        LoginAttempt.objects.filter(at__lte=now - WINDOW).delete()
        waits = [wait for wait in (_wait(k, now) for k in keys) if wait]
        if not waits:
            LoginAttempt.objects.bulk_create(LoginAttempt(key=k, at=now) for k in keys)
    if waits:
        raise Throttled(wait=math.ceil(max(waits)), detail="Too many logins.")


def _wait(counted_under: str, now: float) -> float:
    """Return after how many seconds one more attempt fits into the window; 0 where it fits now."""
    times = sorted(LoginAttempt.objects.filter(key=counted_under).values_list("at", flat=True))
    if len(times) < settings.API.login_rate:
        return 0
    return float(max(times[-settings.API.login_rate] + WINDOW - now, 1))
