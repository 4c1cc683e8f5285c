"""Text and numbers from data as labels: what a font cannot draw or a reader cannot see is made visible."""

import unicodedata
from functools import cache
from pathlib import Path

import matplotlib as mpl
from matplotlib.ft2font import FT2Font

# A sign for what is there but cannot be shown: control, bidirectional and format characters, and missing glyphs.
HIDDEN = "\N{REPLACEMENT CHARACTER}"


@cache
def _glyphs() -> frozenset[int]:
    # matplotlib brings this font along, so the same labels come out on every machine.
    return frozenset(FT2Font(str(Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf")).get_charmap())


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if character == " " or (category[0] not in "CZ" and category != "Mn" and ord(character) in _glyphs()):
        return character
    if category == "Mn":  # accents that stand alone, such as the selector after an emoji
        return ""
    return " " if category == "Zs" or character in "\t\n\r" else HIDDEN


def plain(value: object, width: int = 36) -> str:
    """Return a value as one line of at most `width` characters, shortened with … where it is longer.

    Characters that would be invisible, reorder the text or have no glyph become the replacement character.
    """
    text = "".join(map(_visible, unicodedata.normalize("NFC", "(none)" if value is None else str(value))))
    text = " ".join(text.split()) or "(empty)"
    return text if len(text) <= width else text[: width - 1].rstrip() + "…"


def number(value: float) -> str:
    """Return a number short enough for an axis: 950, 12.5k, 3M, and 2e+20 where no letter is left."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if size <= abs(value) < 1e15:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def count(value: int, noun: str) -> str:
    """Return a number of things in words, as `1 campaign` or `1,200 campaigns`."""
    return f"{value:,} {noun}" if value == 1 else f"{value:,} {noun}s"
