"""Requests to the web server; two equal lines are two requests, so there is no business key."""

from lakehouse.model import Chart, Column, Dataset, Field, Rule

# Dotted decimal; RFC 4291, section 2.2, with an optional zone (RFC 4007, section 11); RFC 1123, section 2.1.
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = rf"^({_BYTE}\.){{3}}{_BYTE}$"
_GROUP = "[0-9A-Fa-f]{0,4}"
_IPV6 = rf"^{_GROUP}(:{_GROUP}){{1,6}}:({_GROUP}|[0-9]{{1,3}}(\.[0-9]{{1,3}}){{3}})(%[0-9A-Za-z_]+)?$"
_HOST = "^[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_.])?$"
_MAX_HOST = 253

# What has nothing but digits and dots is an address, or none: never a host name.
_IS_HOST = f"text_ip ~ '{_HOST}' AND text_ip !~ '^[0-9.]+$' AND OCTET_LENGTH(text_ip) <= {_MAX_HOST}"

RULES = (
    Rule(
        "ip",
        f"NOT (text_ip ~ '{_IPV4}' OR text_ip ~ '{_IPV6}' OR ({_IS_HOST}))",
        "The client is no IP address and no host name.",
        "Look at the log format of the server: the client comes first.",
    ),
    Rule(
        "status",
        "text_status IS NOT NULL AND NOT COALESCE(status BETWEEN 100 AND 599, FALSE)",
        "The status is not one of HTTP, from 100 to 599.",
        "Nothing to mend where the client hung up; else look at the log format of the server.",
    ),
    Rule("negative", "bytes < 0"),
    Rule("date_range", "EXTRACT(YEAR FROM time) < 2000 OR time > ingested_at + INTERVAL '5 minutes'"),
)

DATASET = Dataset(
    name="logs",
    topic="logs_topic",
    formats=("log", "csv"),
    fields=(
        Field("IP_Address", Column("ip", "string", personal=True)),
        Field("User", Column("user", "string", personal=True), required=False),
        Field("Timestamp", Column("time", "timestamp"), formats=("log",)),
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
    chart=Chart("hours", "Requests and errors through the day", "hour of the day, UTC", "status"),
)
