"""How the records of each dataset are judged: a module per dataset with `rules()`, pairs of a name and a Column.

The column is true where the record breaks the rule; null means that the rule does not apply. A module may also have
`with_log(df)` (a parser of log lines) and `with_derived(df)` (columns filled from others). Rules that follow from a
column's type alone are in `lakehouse.judge`.
"""

from importlib import import_module
from types import ModuleType

# Kept with every row; raised whenever a rule changes, so that it can be told which rules judged a row.
VERSION = 1


def module(dataset: str) -> ModuleType:
    """Return the module that judges the records of a dataset."""
    return import_module(f"lakehouse.rules.{dataset}")
