"""The registry of metrics; adding one is a module here and a line below.

A gold table's columns carry the names of the HTTP contract, so nothing is renamed on the way out. A metric says in
Spark SQL how it is computed and holds no Spark, so that charts and API can read it.
"""

from importlib import import_module

from lakehouse.model import Metric

_NAMES = (
    "total_sales_per_product",
    "status_code_counts",
    "avg_likes_per_product",
    "campaign_metrics",
)

METRICS: dict[str, Metric] = {name: import_module(f"lakehouse.metrics.{name}").METRIC for name in _NAMES}
