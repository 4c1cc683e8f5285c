"""Metrics in Spark: computed from silver, or merged from what gold holds and what is new.

Each step on a DataFrame is analysed anew with all before it, which in a stream costs more than the work itself: few
steps, in SQL.
"""

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.model import Metric


def aggregate(silver: DataFrame, metric: Metric) -> DataFrame:
    """Return the metric over good silver rows, with all columns of its gold table, sorted by the first one."""
    return _finished(_groups(silver, metric).coalesce(1), metric)


def merge(gold: DataFrame, silver: DataFrame, metric: Metric) -> DataFrame:
    """Return the metric over the rows behind its gold table and good new rows of silver together, sorted."""
    new = _groups(silver, metric)
    both = gold.select(*new.columns).union(new).coalesce(1)
    merged = {a.column.name: str(a.merge) for a in metric.aggregates}
    return _finished(_grouped(both, metric.key.name, merged, metric), metric)


def _groups(silver: DataFrame, metric: Metric) -> DataFrame:
    return _grouped(silver, metric.group, {a.column.name: a.expression for a in metric.aggregates}, metric)


def _grouped(rows: DataFrame, group: str, aggregates: Mapping[str, str], metric: Metric) -> DataFrame:
    values = [F.expr(expression).alias(name) for name, expression in aggregates.items()]
    return rows.groupBy(F.expr(group).alias(metric.key.name)).agg(*values)


def _finished(groups: DataFrame, metric: Metric) -> DataFrame:
    if metric.derived:
        groups = groups.selectExpr("*", *(f"{expression} AS {column.name}" for column, expression in metric.derived))
    columns = [f"CAST({c.name} AS {c.type}) AS {c.name}" for c in metric.table_columns]
    return groups.selectExpr(*columns).sortWithinPartitions(metric.key.name)
