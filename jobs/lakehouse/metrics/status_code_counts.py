"""Requests per HTTP status."""

from lakehouse.model import Aggregate, Chart, Column, Metric

METRIC = Metric(
    name="status_code_counts",
    dataset="logs",
    key=Column("status_code", "int"),
    group="status",
    aggregates=(Aggregate(Column("count_requests", "bigint"), "count(*)", "sum(count_requests)"),),
    comment="Number of requests per HTTP status code.",
    dimensions=("method", "protocol"),
    chart=Chart("classes", "Requests per HTTP status code", "requests", noun="status code", event="request"),
)
