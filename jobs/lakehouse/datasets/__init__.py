"""The registry of datasets; adding one is a module here and in `rules`, a generator, and a line below."""

from lakehouse.datasets import ad_campaigns, logs, social_data, transactions
from lakehouse.model import Dataset

DATASETS: dict[str, Dataset] = {
    module.DATASET.name: module.DATASET for module in (transactions, logs, social_data, ad_campaigns)
}
