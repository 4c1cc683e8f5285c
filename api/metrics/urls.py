"""A route per metric, named like it with hyphens."""

from django.urls import path

from lakehouse.metrics import METRICS
from metrics.views import view

urlpatterns = [
    path(f"{name.replace('_', '-')}/", view(metric).as_view(), name=name) for name, metric in METRICS.items()
]
