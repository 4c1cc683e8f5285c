"""Keeps pandas out of a process that only moves Arrow data.

pyarrow imports pandas wherever it finds it, to ask whether a list is a series: 50 MB and a third of a second a process.
"""

import sys
from importlib.abc import MetaPathFinder


class _WithoutPandas(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("This process does without pandas.", name=fullname)


def keep_out() -> None:
    """Let no import find pandas in this process from now on."""
    sys.meta_path.insert(0, _WithoutPandas())


def let_in() -> None:
    """Let imports find pandas again: pyspark asks for it where a function over Arrow batches is declared."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _WithoutPandas)]
