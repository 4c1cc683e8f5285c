"""The metric of campaigns as a client of the API sees it, on one kept connection with a token that is renewed."""

import http.client
import json
import time
from collections.abc import Mapping
from pathlib import Path

from bench.place import BenchError

PATH = "/api/campaign-metrics/"
# An access token lives five minutes.
_RENEWED_AFTER = 200.0
Sums = dict[str, list[int]]


class Client:
    """Asks for the clicks and impressions of all campaigns; `user` is the file that `create_user --write` made."""

    def __init__(self, port: int, user: Path) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        self.etag = ""
        kept = json.loads(user.read_text(encoding="utf-8"))
        self._take("/api/token/", {"username": kept["username"], "password": kept["password"]})

    def _take(self, path: str, body: Mapping[str, str]) -> None:
        status, _, answer = self._ask("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        if status != 200:
            raise BenchError(f"The API gave {status} for a token: {answer.decode(errors='replace')[:300]}")
        self.tokens, self.taken = json.loads(answer), time.monotonic()

    def _ask(
        self, method: str, path: str, body: str | None, headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, str], bytes]:
        try:
            self.connection.request(method, path, body, dict(headers))
            answer = self.connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise

    def news(self) -> Sums | None:
        """Return clicks and impressions by campaign, or None where they are as at the last call, or not built yet.

        Raises BenchError for an answer that a client of the API should never get.
        """
        if time.monotonic() - self.taken > _RENEWED_AFTER:
            self._take("/api/token/refresh/", {"refresh": self.tokens["refresh"]})
        asked = {"Authorization": f"Bearer {self.tokens['access']}"}
        try:
            status, headers, body = self._ask(
                "GET", PATH, None, asked | ({"If-None-Match": self.etag} if self.etag else {})
            )
        except (OSError, http.client.HTTPException):  # the server has closed the kept connection
            return None
        if status in (304, 503):
            return None
        if status != 200:
            raise BenchError(f"GET {PATH} gave {status}: {body.decode(errors='replace')[:300]}")
        self.etag = headers.get("ETag", "")
        return {row["campaign_id"]: [row["total_clicks"], row["total_impressions"]] for row in json.loads(body)}

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
