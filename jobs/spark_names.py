"""Prints the SQL that gives Spark's shell the tables by their names: `make spark-sql`.

By hand: `python jobs/spark_names.py > build/spark-names.sql`, then `spark-sql -i build/spark-names.sql --conf
spark.sql.catalogImplementation=in-memory --conf spark.sql.warehouse.dir=build/spark-warehouse`. The shell's catalog is
in memory and ends with it; only tables that are built are named.
"""

import sys
from contextlib import suppress

from deltalake import DeltaTable

from lakehouse import command
from lakehouse.errors import NotBuiltError
from lakehouse.lake import Lake, relations
from lakehouse.lake.relations import View


def script(lake: Lake) -> str:
    """Return the statements for the tables of a lake that are built; raises ServiceError where it cannot be read."""
    known = relations.views().values()
    built: dict[str, DeltaTable] = {}
    for name in {view.table for view in known}:
        with suppress(NotBuiltError):
            built[name] = lake.open(name)
    named = [relations.as_stored(view, built[view.table]) for view in known if view.table in built]
    databases = [f"CREATE DATABASE IF NOT EXISTS {layer};" for layer in dict.fromkeys(view.layer for view in named)]
    return "\n".join([*databases, *(_view(lake, view) for view in named), ""])


def _view(lake: Lake, view: View) -> str:
    columns = ", ".join(f"`{column.name}`" for column in view.columns)
    side = "" if view.quarantined is None else f" WHERE quarantined = {str(view.quarantined).lower()}"
    return f"CREATE OR REPLACE VIEW {view.name} AS SELECT {columns} FROM delta.`{lake.address(view.table)}`{side};"


def main() -> int:
    """Print the script; return the exit code."""

    def work(lake: Lake) -> None:
        sys.stdout.write(script(lake))

    return command.run("spark-sql", work)


if __name__ == "__main__":
    sys.exit(main())
