"""How many logins may fail in a minute, counted once for all worker processes, and how many are tried at a time."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import Throttled

from accounts.models import LoginAttempt

WINDOW = 60.0
# A user, and an address, may fail so many times as often as the two together: who guesses at a user from one address
# does not lock the user out elsewhere, nor everybody else behind the same proxy.
WIDER = 10
# Logins that a worker process takes at a time: one computes its hash, which fills a core, and the others wait.
AT_ONCE = 4
_PLACES, _HASHING = threading.BoundedSemaphore(AT_ONCE), threading.Lock()

# What tests replace to let a minute pass.
clock: Callable[[], float] = time.time


def key(kind: str, value: str) -> str:
    """Return what an attempt is counted under: a keyed hash, so that no name or address is kept."""
    return salted_hmac(f"login attempt of a {kind}", value, algorithm="sha256").hexdigest()


@contextmanager
def turn() -> Iterator[None]:
    """Hold one of the places for logins, and the hashing with it; raises Throttled where all are taken."""
    if not _PLACES.acquire(blocking=False):
        raise Throttled(wait=1, detail="Too many logins at once.")
    try:
        with _HASHING:
            yield
    finally:
        _PLACES.release()


def admit(username: str, address: str) -> Callable[[], None]:
    """Count an attempt to log in as a failure; return what takes that back where it is none.

    Raises Throttled, naming the seconds to wait, where it is one too many. The transaction holds the database's write
    lock, so two processes never both take the last free place. A refused attempt is not counted.
    """
    now, most = clock(), settings.API.login_rate
    limits = {
        key("pair", f"{username}\0{address}"): most,
        key("user", username): most * WIDER,
        key("address", address): most * WIDER,
    }
    with transaction.atomic():
        LoginAttempt.objects.filter(at__lte=now - WINDOW).delete()
        wait = max(_wait(counted_under, limit, now) for counted_under, limit in limits.items())
        counted = [] if wait else LoginAttempt.objects.bulk_create(LoginAttempt(key=k, at=now) for k in limits)
    if wait:
        raise Throttled(wait=math.ceil(wait), detail="Too many logins.")

    def was_no_failure() -> None:
        LoginAttempt.objects.filter(pk__in=[attempt.pk for attempt in counted]).delete()

    return was_no_failure


def _wait(counted_under: str, limit: int, now: float) -> float:
    """Return after how many seconds one more attempt fits into the window; 0 where it fits now."""
    times = sorted(LoginAttempt.objects.filter(key=counted_under).values_list("at", flat=True))
    return 0.0 if len(times) < limit else max(times[-limit] + WINDOW - now, 1.0)
