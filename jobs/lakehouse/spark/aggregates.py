"""Metrics in Spark: computed from silver, or merged from what gold holds and what is new."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.model import Metric


def aggregate(silver: DataFrame, metric: Metric) -> DataFrame:
    """Return the metric over good silver rows, with all columns of its gold table."""
    groups = silver.groupBy(F.expr(metric.group).alias(metric.key.name))
    return _with_derived(groups.agg(*(F.expr(a.expression).alias(a.column.name) for a in metric.aggregates)), metric)


def merge(gold: DataFrame, new: DataFrame, metric: Metric) -> DataFrame:
    """Return the metric over the rows behind `gold` and those behind `new`, two gold tables of it together."""
    names = [metric.key.name, *(a.column.name for a in metric.aggregates)]
    groups = gold.select(*names).unionByName(new.select(*names)).coalesce(1).groupBy(metric.key.name)
    return _with_derived(groups.agg(*(F.expr(str(a.merge)).alias(a.column.name) for a in metric.aggregates)), metric)


def _with_derived(groups: DataFrame, metric: Metric) -> DataFrame:
    derived = [f"{expression} AS {column.name}" for column, expression in metric.derived]
    columns = [f"CAST({c.name} AS {c.type}) AS {c.name}" for c in metric.table_columns]
    return groups.selectExpr("*", *derived).selectExpr(*columns).coalesce(1)
