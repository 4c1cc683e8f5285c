"""The settings that only the API knows, from the environment over conf/lakehouse.env."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from lakehouse.errors import SettingError
from lakehouse.settings import read_env_file

DEFAULTS = {
    "API_HTTPS": "0",
    "API_ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
    "API_LOGIN_RATE": "5",
    "API_TRUSTED_PROXIES": "",
    "API_CORS_ORIGINS": "",
}

Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Environment:
    """How the API is reached, how many logins a minute may fail for a user from an address, whom it trusts.

    `proxies` are believed about whom they speak for; pages of `origins` may read the API.
    """

    https: bool
    hosts: list[str]
    login_rate: int
    proxies: list[Network]
    origins: list[str]


def load(environ: Mapping[str, str] | None = None) -> Environment:
    """Return the API's own settings; raises SettingError for the first one that cannot be used.

    `API_HTTPS=1` is for a server behind a proxy that speaks TLS: plain requests are sent on to https, cookies and
    HSTS are set accordingly.
    """
    environ = os.environ if environ is None else environ
    values = {**DEFAULTS, **{name: text for name, text in read_env_file().items() if text}}
    values |= {name: environ[name] for name in DEFAULTS if environ.get(name)}
    if values["API_HTTPS"] not in ("0", "1"):
        raise SettingError("API_HTTPS", values["API_HTTPS"], "0 or 1 is needed")
    if not re.fullmatch(r"[1-9]\d{0,5}", values["API_LOGIN_RATE"]):
        raise SettingError("API_LOGIN_RATE", values["API_LOGIN_RATE"], "a whole number from 1 to 999999 is needed")
    hosts, proxies, origins = (
        [item.strip() for item in values[name].split(",") if item.strip()]
        for name in ("API_ALLOWED_HOSTS", "API_TRUSTED_PROXIES", "API_CORS_ORIGINS")
    )
    if not hosts or "*" in hosts:
        raise SettingError(
            "API_ALLOWED_HOSTS", values["API_ALLOWED_HOSTS"], "host names with commas between are needed"
        )
    for origin in origins:
        if not re.fullmatch(r"https?://[\w.\-\[\]:]+", origin):
            raise SettingError("API_CORS_ORIGINS", origin, "origins such as https://charts.example.org are needed")
    try:
        networks = [ip_network(proxy) for proxy in proxies]
    except ValueError as error:
        raise SettingError(
            "API_TRUSTED_PROXIES", values["API_TRUSTED_PROXIES"], "addresses or networks are needed"
        ) from error
    return Environment(values["API_HTTPS"] == "1", hosts, int(values["API_LOGIN_RATE"]), networks, origins)
