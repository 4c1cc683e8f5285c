"""Which rules judged a row: a hash of what the verdict follows from, never a number set by hand."""

import ast
import hashlib
import pkgutil
from functools import cache

from lakehouse.model import Dataset

_JUDGING = ("columns", "judge", "parse", "parse_csv", "parse_json", "parse_log", "rules", "types")
_FILES = (*(f"judging/{name}.py" for name in _JUDGING), "spark/duplicates.py", "spark/changes.py")


def rules_version(dataset: Dataset) -> str:
    """Return a hash of a dataset's fields and rules and of the code that reads and judges records.

    What changes no verdict changes no hash: comments, docstrings, layout, a reason's sentence, charts.
    """
    rules = [(rule.name, rule.expression) for rule in dataset.rules]
    own = repr((dataset.fields, dataset.key, dataset.delimiter, dataset.drift, rules, dataset.derived))
    return hashlib.sha256(_code() + own.encode()).hexdigest()[:12]


@cache
def _code() -> bytes:
    return b"\n".join(_without_words(pkgutil.get_data("lakehouse", file) or b"") for file in _FILES)


def _without_words(source: bytes) -> bytes:
    """Return Python code without comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree).encode()
