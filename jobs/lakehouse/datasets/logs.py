"""Requests to the web server; two equal lines are two requests, so there is no business key."""

from lakehouse.model import Column, Dataset, Field

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
)
