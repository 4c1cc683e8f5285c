"""Make the keys of this machine's S3 server: `python -m docker.native.s3_keys FOLDER`.

They are in `identities.json` for the server and in `credentials` for its clients, which only their owner can read.
"""

import json
import os
import secrets
import sys
from pathlib import Path


def make(folder: Path) -> None:
    """Write both files with new keys, and make the folder of the data."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    key, secret = secrets.token_hex(10).upper(), secrets.token_hex(20)
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "lakehouse", "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
    _write(folder / "identities.json", json.dumps({"identities": [identity]}))
    _write(folder / "credentials", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")


def _write(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
