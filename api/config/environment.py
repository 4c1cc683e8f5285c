"""The settings that only the API knows, from the environment over conf/lakehouse.env."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from lakehouse.errors import SettingError
from lakehouse.settings import ROOT, given, integer, matching, secret

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Environment:
    """How the API is reached, how many logins a minute may fail for a user from an address, whom it trusts.

    `tls` holds the files of certificate and key with which the server itself speaks TLS. `proxies` are believed about
    whom they speak for; pages of `origins` may read the API, whoever has the `metrics_token` may read `/metrics`.
    """

    https: bool
    tls: tuple[Path, Path] | None
    hosts: list[str]
    login_rate: int
    proxies: list[Network]
    origins: list[str]
    metrics_token: str


def load(environ: Mapping[str, str] | None = None) -> Environment:
    """Return the API's own settings; raises SettingError for the first one that cannot be used.

    `API_HTTPS=1` is for a server behind a proxy that speaks TLS: plain requests are sent on to https, cookies and
    HSTS are set accordingly. A server that speaks TLS itself does the latter too.
    """
    values = given(environ)
    host, local = r"[\w.\-:\[\]]+", "localhost,127.0.0.1,[::1]"
    return Environment(
        https=matching(values, "API_HTTPS", "[01]", "0 or 1 is needed") == "1",
        tls=_tls(values),
        hosts=_items(values, "API_ALLOWED_HOSTS", host, "host names with commas between are needed", local),
        login_rate=integer(values, "API_LOGIN_RATE", 1, 999_999),
        proxies=_networks(values, "API_TRUSTED_PROXIES"),
        origins=_items(
            values, "API_CORS_ORIGINS", f"https?://{host}", "origins such as https://charts.example.org are needed"
        ),
        metrics_token=_token(values, "API_METRICS_TOKEN_FILE"),
    )


def _token(values: Mapping[str, str], name: str) -> str:
    """Return the token in a file that only its owner may read; empty where none is named."""
    token = secret(values, name).strip() if values[name] else ""
    if values[name] and len(token) < 32:
        raise SettingError(name, values[name], "32 characters or more are needed in it")
    return token


def _tls(values: Mapping[str, str]) -> tuple[Path, Path] | None:
    """Return the files of certificate and key, None where none are named."""
    names = ("API_TLS_CERTIFICATE", "API_TLS_KEY")
    if not any(values[name] for name in names):
        return None
    for name in names:
        if not values[name] or not (ROOT / values[name]).is_file():
            raise SettingError(name, values[name], "a file is needed; certificate and key go together")
    certificate, key = (ROOT / values[name] for name in names)
    return certificate, key


def _items(values: Mapping[str, str], name: str, item: str, allowed: str, default: str = "") -> list[str]:
    """Return the items of a list with commas between."""
    text = matching(values, name, rf"({item}(\s*,\s*{item})*)?", allowed, default)
    return [part.strip() for part in text.split(",") if part]


def _networks(values: Mapping[str, str], name: str) -> list[Network]:
    allowed = "addresses or networks are needed"
    try:
        return [ip_network(proxy) for proxy in _items(values, name, r"[^\s,]+", allowed)]
    except ValueError as error:
        raise SettingError(name, values[name], allowed) from error
