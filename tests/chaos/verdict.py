"""Whether a lake holds all that was sent, once, and its metrics are what plain Python makes of it."""

from collections.abc import Iterator

from chain import Chain, balance, identities

from lakehouse.datasets import DATASETS


def doubled(chain: Chain) -> int:
    """Return how many records are in bronze or silver more than once, at any time."""
    tables = (f"{layer}.{name}" for layer in ("bronze", "silver") for name in DATASETS)
    return sum(count - 1 for table in tables for count in identities(chain, table).values())


def faults(chain: Chain) -> Iterator[str]:
    """Yield a line for each number that is not as it must be."""
    for line in balance(chain):
        name, good = str(line["dataset"]), len(chain.sent.records[str(line["dataset"])])
        if not line["is_closed"] or line["waiting"] or line["silver"] != good:
            yield f"{name}: {good:,} good records were sent; the balance sheet says {line}"
        bronze, silver = (identities(chain, f"{layer}.{name}") for layer in ("bronze", "silver"))
        twice = sum(count - 1 for rows in (bronze, silver) for count in rows.values())
        if twice or bronze != silver:
            yield f"{name}: {twice:,} records doubled in bronze and silver, {len(bronze - silver):,} not in silver"
    wanted, found = chain.sent.answers(), chain.answers()
    for metric, groups in wanted.items():
        for key in groups.keys() | found[metric].keys():
            if groups.get(key) != found[metric].get(key):
                yield f"gold.{metric} {key}: {found[metric].get(key)} instead of {groups.get(key)}"
