"""Live files and version of every table of a lake, as JSON: `python -m bench.stream.tables hdfs://…/lake NAME…`.

A process of its own, so that a native call that hangs can be given up.
"""

import json
import sys

import pyarrow as pa
from deltalake import DeltaTable


def main(lake: str, *names: str) -> None:
    """Print `{"gold.x": [files, version], …}`."""
    found = {}
    for name in names:
        table = DeltaTable(f"{lake}/{name.replace('.', '/', 1)}")
        found[name] = [pa.table(table.get_add_actions(flatten=True)).num_rows, table.version()]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
