"""The two secrets of the API: Django's secret key and the key that signs tokens."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from lakehouse.errors import LakehouseError

DJANGO_KEY, SIGNING_KEY = "API_SECRET_KEY", "API_SIGNING_KEY"
NAMES = (DJANGO_KEY, SIGNING_KEY)

# HS256 needs a key at least as long as its hash (RFC 7518, section 3.2).
SHORTEST = 32

# What example configurations carry; a real key never holds one of these.
WELL_KNOWN = re.compile(r"django-insecure|change[-_]?me|your[-_]secret|secret-key|password", re.IGNORECASE)


class KeyRefusedError(LakehouseError):
    """Raised when a secret is missing from its file, too short, well known, or used for both purposes."""

    exit_code = 2


def check(name: str, key: str, where: str) -> str:
    """Return the key, or raise KeyRefusedError, which never repeats it, saying what is wrong with it."""
    again = f"Set {name} to the output of `openssl rand -base64 48`, or remove it to have one made."
    if len(key.encode()) < SHORTEST:
        raise KeyRefusedError(f"{name} from {where} is shorter than {SHORTEST} bytes. {again}")
    if WELL_KNOWN.search(key) or len(set(key)) < 10:
        raise KeyRefusedError(f"{name} from {where} is well known or can be guessed. {again}")
    return key


def load(home: Path, environ: Mapping[str, str] | None = None) -> tuple[str, str]:
    """Return Django's key and the signing key, from the environment or from `home`/secrets.json (mode 0600).

    The file is made with fresh keys where it is missing. Raises KeyRefusedError for a key that must not be used.
    """
    environ = os.environ if environ is None else environ
    path = home / "secrets.json"
    given = {name: environ.get(name, "") for name in NAMES}
    kept = {} if all(given.values()) else _kept(path)
    keys = [
        check(name, given[name] or kept.get(name, ""), "the environment" if given[name] else str(path))
        for name in NAMES
    ]
    if keys[0] == keys[1]:
        raise KeyRefusedError(f"{DJANGO_KEY} and {SIGNING_KEY} are the same key. Give each purpose a key of its own.")
    return keys[0], keys[1]


def _kept(path: Path) -> dict[str, str]:
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise KeyRefusedError(f"Other users may read the secrets in {path}. Run `chmod 600 {path}`.")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise KeyRefusedError(f"{path} is not readable as JSON. Remove it to have new secrets made.") from error
    return kept if isinstance(kept, dict) else {}


def _make(path: Path) -> None:
    """Write fresh keys; of several processes that start at once the first one's file stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made with mode 0600, and linked once it is whole.
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8") as draft:
        json.dump({name: secrets.token_urlsafe(48) for name in NAMES}, draft)
        draft.flush()
        with suppress(FileExistsError):
            path.hardlink_to(draft.name)
