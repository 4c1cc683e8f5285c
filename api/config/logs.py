"""Logs without secrets: tokens, and the last part of addresses, never reach a log line."""

import logging
import re
from ipaddress import ip_address, ip_network

from lakehouse.logs import JsonLines, is_json

_TOKEN = re.compile(r"(?i)(bearer\s+)?\beyJ[\w-]{5,}(\.[\w-]*){0,2}")
_IPV4 = re.compile(r"\b(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}\b")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def masked_address(address: str) -> str:
    """Return an IP address with its host part zeroed: the last 8 bits of IPv4, the last 80 of IPv6."""
    try:
        prefix = 24 if ip_address(address).version == 4 else 48
    except ValueError:
        return "unknown"
    return str(ip_network(f"{address.partition('%')[0]}/{prefix}", strict=False).network_address)


def safe(text: str, limit: int = 200) -> str:
    """Return a text from outside as one short line without control characters."""
    return _CONTROL.sub("?", text[:limit])


class Mask(logging.Filter):
    """Takes tokens and full IPv4 addresses out of every record, whoever wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record's message in place and let it pass."""
        message = record.getMessage()
        if message.startswith("Listening at"):
            return True
        record.msg, record.args = _IPV4.sub(r"\1.0", _TOKEN.sub("[token]", message)), None
        return True


CONFIG = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"mask": {"()": "config.logs.Mask"}},
    "formatters": {
        "line": {"()": JsonLines} if is_json() else {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["mask"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        # Refused requests are the access log's business; config.errors keeps the trace of failures.
        "django.request": {"level": "CRITICAL"},
        "django.security": {"level": "CRITICAL"},
        "access": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}

# The server's own messages pass the same filter.
GRANIAN = {**CONFIG, "loggers": {"_granian": {"handlers": ["stderr"], "level": "INFO", "propagate": False}}}
