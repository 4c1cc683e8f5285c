"""Metrics in Spark: computed from silver, or merged from what gold holds and what is new."""

from functools import reduce

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
    with_all = reduce(lambda rows, item: rows.withColumn(item[0].name, F.expr(item[1])), metric.derived, groups)
    return with_all.select(*(F.col(c.name).cast(c.type).alias(c.name) for c in metric.table_columns)).coalesce(1)
