"""The registry of generators; adding one is a module here and a line below."""

from producers.generators import ad_campaigns, logs, social_data, transactions
from producers.generators.sequence import Generator

DATASETS: dict[str, Generator] = {
    module.GENERATOR.dataset.name: module.GENERATOR for module in (transactions, logs, social_data, ad_campaigns)
}
