"""Requests to the web server; two equal lines are two requests, so there is no business key."""

from datetime import timedelta

import polars as pl

from lakehouse.judging.columns import date_range, text
from lakehouse.judging.types import log_time
from lakehouse.model import Chart, Column, Dataset, Field, Rule

# Dotted decimal; RFC 4291, section 2.2, with an optional zone (RFC 4007, section 11); RFC 1123, section 2.1.
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"^({_BYTE}\.){{3}}{_BYTE}$"
_GROUP = "[0-9A-Fa-f]{0,4}"
_IPV6 = rf"^{_GROUP}(:{_GROUP}){{1,6}}:({_GROUP}|[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}})(%[0-9A-Za-z_]+)?$"
_HOST = "^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$"
_MAX_HOST = 253

_IP = text("ip")
# What has nothing but digits and dots is an address, or none: never a host name.
_IS_HOST = _IP.str.contains(_HOST) & ~_IP.str.contains(r"^[0-9.]+$") & (_IP.str.len_bytes() <= _MAX_HOST)

RULES = (
    Rule(
        "ip",
        ~(_IP.str.contains(_IPV4) | _IP.str.contains(_IPV6) | _IS_HOST),
        "The client is no IP address and no host name.",
        "Look at the log format of the server: the client comes first.",
    ),
    Rule(
        "status",
        text("status").is_not_null() & ~pl.col("status").is_between(100, 599).fill_null(False),
        "The status is not one of HTTP, from 100 to 599.",
        "Nothing to mend where the client hung up; else look at the log format of the server.",
    ),
    Rule("negative", pl.col("bytes") < 0),
    Rule("date_range", date_range("time", ahead=timedelta(minutes=5))),
)

DATASET = Dataset(
    name="logs",
    topic="logs_topic",
    formats=("log", "csv"),
    fields=(
        Field("IP_Address", Column("ip", "string", personal=True)),
        Field("User", Column("user", "string", personal=True), required=False),
        Field("Timestamp", Column("time", "timestamp")),
        Field("Method", Column("method", "string"), required=False),
        Field("URL", Column("path", "string")),
        Field("Protocol", Column("protocol", "string"), required=False),
        Field("Status_Code", Column("status", "int")),
        Field("Bytes", Column("bytes", "bigint"), required=False),
        Field("Referer", Column("referer", "string"), required=False),
        Field("Agent", Column("agent", "string"), required=False),
    ),
    key=None,
    time_column="time",
    rules=RULES,
    derived=(pl.coalesce("time", log_time(text("time"))).alias("time"),),
    chart=Chart("hours", "Requests and errors through the day", "hour of the day, UTC", "status"),
)
