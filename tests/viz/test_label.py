"""Labels from data: one line, short, and nothing in them that a reader cannot see."""

import pytest

from viz.label import count, number, plain

TEXTS = {
    "stays": ("Lamp S", "Lamp S"),
    "keeps markup as text": ("<b>$x$</b> _y_ ^z \\frac", "<b>$x$</b> _y_ ^z \\frac"),
    "shows a bidirectional override": ("abc\u202egpj.exe", "abc\ufffdgpj.exe"),
    "shows a zero-width space": ("a\u200bb", "a\ufffdb"),
    "shows an escape sequence's first sign": ("\x1b[31mred", "\ufffd[31mred"),
    "replaces what the font lacks": ("Party \U0001f389 \u4e2d", "Party \ufffd \ufffd"),
    "drops a variation selector": ("a\ufe0f", "a"),
    "puts line breaks and tabs on one line": ("a\tb\n\nc\r\nd", "a b c d"),
    "composes accents": ("e\u0301te\u0301", "\u00e9t\u00e9"),
    "names the empty text": (" \t ", "(empty)"),
    "names the missing text": (None, "(none)"),
    "takes a lone surrogate": ("a\ud800", "a\ufffd"),
    "keeps Arabic letters": ("\u0645\u0631\u062d\u0628\u0627", "\u0645\u0631\u062d\u0628\u0627"),
}


@pytest.mark.parametrize(("text", "shown"), TEXTS.values(), ids=TEXTS)
def test_a_label(text: str | None, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(("length", "shown"), [(10, "x" * 10), (11, "x" * 9 + "…"), (10_000, "x" * 9 + "…")])
def test_a_long_label_is_shortened_to_its_width(length: int, shown: str) -> None:
    assert plain("x" * length, 10) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (950, "950"),
        (0.25, "0.25"),
        (12_500, "12.5k"),
        (-3e6, "-3M"),
        (2e9, "2G"),
        (3e12, "3T"),
        (2e20, "2e+20"),
    ],
)
def test_a_number_on_an_axis(value: float, shown: str) -> None:
    assert number(value) == shown


def test_a_count_in_words() -> None:
    assert [count(n, "product") for n in (0, 1, 1200)] == ["0 products", "1 product", "1,200 products"]
