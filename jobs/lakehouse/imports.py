"""Keeps packages out of a process that does without them, where others import them because they are there."""

import sys
from importlib.abc import MetaPathFinder

_OUT: set[str] = set()


class _Finder(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> None:
        if fullname in _OUT:
            raise ModuleNotFoundError(f"This process does without {fullname}.", name=fullname)


def keep_out(*names: str) -> None:
    """Let no import find these packages in this process from now on."""
    if not _OUT:
        sys.meta_path.insert(0, _Finder())
    _OUT.update(names)


def let_in(name: str) -> None:
    """Let imports find a package again."""
    _OUT.discard(name)
