"""Numbers on the command lines of both benches."""

import argparse

from producers.options import natural


def whole(text: str) -> int:
    """Return a whole number from 1 on."""
    if value := natural(text):
        return value
    raise argparse.ArgumentTypeError("a whole number from 1 on is needed")
