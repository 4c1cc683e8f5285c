"""Options that both producers have, checked while they are read."""

import argparse
from fractions import Fraction

from producers.generators import DATASETS


def share(text: str) -> float:
    """Return a share from 0 to 0.5, as `0.02`.

    More than every second record cannot be broken: some breakages repeat the good record before them.
    """
    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        value = Fraction(-1)
    if not 0 <= value <= Fraction(1, 2):
        raise argparse.ArgumentTypeError(f"{text!r} is not a share from 0 to 0.5, such as 0.02")
    return float(value)


def natural(text: str) -> int:
    """Return a whole number from 0 on."""
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def add_shared(parser: argparse.ArgumentParser, datasets: tuple[str, ...]) -> None:
    """Add --datasets (default `datasets`), --rows, --seed and --errors to a parser."""
    rows = ", ".join(f"{name} {g.rows:,}" for name, g in DATASETS.items())
    parser.add_argument(
        "--datasets",
        nargs="+",
        choices=tuple(DATASETS),
        default=datasets,
        metavar="NAME",
        help=f"of {', '.join(DATASETS)}",
    )
    parser.add_argument("--rows", type=natural, help=f"records per dataset, events for ad_campaigns (default: {rows})")
    parser.add_argument("--seed", type=natural, default=42, help="same seed, same data (default: 42)")
    parser.add_argument("--errors", type=share, default=0.0, help="share of broken records, 0 to 0.5 (default: 0)")


def positive(text: str) -> float:
    """Return a number above 0, as `2.5`."""
    try:
        value = float(Fraction(text))
    except (ValueError, ZeroDivisionError):
        value = 0.0
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value
