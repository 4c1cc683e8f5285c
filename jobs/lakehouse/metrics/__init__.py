"""The registry of metrics; adding one is a module here and a line below.

A gold table's columns carry the names of the HTTP contract, so nothing is renamed on the way out. A metric says in
Spark SQL how it is computed and holds no Spark, so that charts and API can read it.
"""

from lakehouse.metrics import avg_likes_per_product, campaign_metrics, status_code_counts, total_sales_per_product
from lakehouse.model import Metric

METRICS: dict[str, Metric] = {
    module.METRIC.name: module.METRIC
    for module in (total_sales_per_product, status_code_counts, avg_likes_per_product, campaign_metrics)
}
