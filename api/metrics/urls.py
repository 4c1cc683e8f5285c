"""A route per metric, named like it with hyphens."""

from django.urls import path

from lakehouse.metrics import METRICS
from metrics.views import MetricView

urlpatterns = [
    path(f"{name.replace('_', '-')}/", MetricView.as_view(metric=metric), name=name) for name, metric in METRICS.items()
]
