"""The registry of datasets; adding one is a module here and a line below."""

from importlib import import_module

from lakehouse.model import Dataset

_NAMES = (
    "transactions",
    "logs",
    "social_data",
    "ad_campaigns",
)

DATASETS: dict[str, Dataset] = {name: import_module(f"lakehouse.datasets.{name}").DATASET for name in _NAMES}
