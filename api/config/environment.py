"""The settings that only the API knows, from the environment over conf/lakehouse.env."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from lakehouse.errors import SettingError
from lakehouse.settings import read_env_file

DEFAULTS = {"API_HTTPS": "0", "API_ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]", "API_LOGIN_RATE": "5"}


@dataclass(frozen=True)
class Environment:
    """How the API is reached, and how many logins a minute it takes per user and per address."""

    https: bool
    hosts: list[str]
    login_rate: int


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
    hosts = [host.strip() for host in values["API_ALLOWED_HOSTS"].split(",") if host.strip()]
    if not hosts or "*" in hosts:
        raise SettingError(
            "API_ALLOWED_HOSTS", values["API_ALLOWED_HOSTS"], "host names with commas between are needed"
        )
    return Environment(values["API_HTTPS"] == "1", hosts, int(values["API_LOGIN_RATE"]))
