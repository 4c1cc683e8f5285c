"""What nobody without the permission may see of a lake: the values of its personal columns."""

from lakehouse.lake import Lake, relations, scan
from lakehouse.metrics import METRICS

COLUMNS = [(view.name, column) for view in relations.views().values() for column in sorted(view.personal)]
# Every answer that an engineer gets of a lake.
READ = [
    "/api/schema/", "/api/health/", "/api/tables/", "/api/ledger/", "/api/runs/", "/",
    *(f"/api/{name.replace('_', '-')}/" for name in METRICS),
    *(f"/api/tables/{name}/{page}" for name in relations.views() for page in ("", "history/", "lineage/")),
    *(f"/api/query-table/?limit=1000&table={name}" for name in relations.views()),
]  # fmt: skip


def personal_values(url: str, name: str, column: str) -> set[bytes]:
    """Return the values of a personal column that are too long to be met elsewhere by chance."""
    values = scan.read(Lake(url).open(relations.views()[name].table), [column])[column].to_pylist()
    texts = {value if isinstance(value, bytes) else str(value).encode() for value in values if value}
    return {text for text in texts if len(text) > 3}


def all_personal_values(url: str) -> set[bytes]:
    """Return the values of all personal columns of a lake; there are some."""
    found = set().union(*(personal_values(url, *column) for column in COLUMNS))
    assert found
    return found
