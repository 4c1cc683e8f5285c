"""The charts of gold: each function draws a frame with rows on the axes it is given and reads nothing itself."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lakehouse.model import Metric
from viz.gold_data import chart, measure
from viz.label import number, plain
from viz.style import AMBER, BLUE, GREEN, MUTED, PALE, VERMILION, measure_on_x, no_data

# Colour and meaning of a status code's first digit (RFC 9110, section 15).
STATUS_CLASSES = {
    1: (PALE, "informational"),
    2: (BLUE, "successful"),
    3: (GREEN, "redirection"),
    4: (AMBER, "client error"),
    5: (VERMILION, "server error"),
}

# Lifts a number off the grid lines behind it.
PATCH = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}


def _rows(ax: Axes, names: pd.Series, width: int = 36) -> np.ndarray:
    """Name the rows from top to bottom and return their places on y; equal names stay rows of their own."""
    places = np.arange(len(names))
    ax.set_yticks(places, [plain(name, width) for name in names])
    ax.set_ylim(len(places) - 0.4, -0.6)
    return places


def _bars(ax: Axes, places: np.ndarray, values: pd.Series, texts: list[str], colour: object = BLUE) -> None:
    sizes = values.astype(float).fillna(0.0).to_numpy()
    ax.barh(places, sizes, height=0.68, color=colour)
    for place, size, text in zip(places, sizes, texts, strict=True):
        ax.annotate(
            text, (max(size, 0.0), place), (4, 0), textcoords="offset points", va="center", fontsize=8.5, bbox=PATCH
        )
    low, high = min(sizes.min(), 0.0), max(sizes.max(), 0.0)
    span = (high - low) or 1.0
    ax.set_xlim(low - (0.02 * span if low else 0.0), high + 0.16 * span)


def plot_bars(ax: Axes, frame: pd.DataFrame, metric: Metric) -> None:
    """Draw a metric that declares no chart: its first measure as bars, in the order of the frame."""
    column = measure(metric)
    if column is None:
        return no_data(ax, "no number to draw")
    values = frame[column.name]
    is_whole = column.type in ("int", "bigint")
    form, convert = (",.4g", float) if column.type == "double" else (",", int if is_whole else Decimal)
    # Whole numbers beside a null are floats in a frame.
    texts = ["none" if pd.isna(value) else format(convert(value), form) for value in values]
    _bars(ax, _rows(ax, frame[metric.key.name]), values, texts)
    return measure_on_x(ax, column.name.replace("_", " "), whole=is_whole)


def plot_totals(ax: Axes, frame: pd.DataFrame, metric: Metric, digits: int = 2) -> None:
    """Draw a metric's measure as bars, with so many decimals, in the order of the frame."""
    key, value = (column.name for column in metric.columns)
    _bars(ax, _rows(ax, frame[key]), frame[value], [f"{each:,.{digits}f}" for each in frame[value]])
    measure_on_x(ax, chart(metric).label)


def plot_classes(ax: Axes, frame: pd.DataFrame, metric: Metric) -> None:
    """Draw counts per HTTP status as bars coloured by class, with each one's part of all events."""
    key, value = (column.name for column in metric.columns)
    classes = [int(code) // 100 for code in frame[key]]
    shares = frame[value] / frame["_sum"]
    texts = [f"{n:,}  ({share:.1%})" for n, share in zip(frame[value], shares, strict=True)]
    _bars(ax, _rows(ax, frame[key]), frame[value], texts, [_class(digit)[0] for digit in classes])
    for digit in sorted(set(classes)):
        colour, meaning = _class(digit)
        ax.barh([0], [0], color=colour, label=f"{digit}xx {meaning}")
    ax.legend(loc="lower right", frameon=False, labelcolor=MUTED)
    measure_on_x(ax, chart(metric).label)


def _class(digit: int) -> tuple[str, str]:
    return STATUS_CLASSES.get(digit, (PALE, "unknown"))


def plot_rates(first: Axes, second: Axes, rate: Axes, frame: pd.DataFrame, metric: Metric) -> None:
    """Draw a metric's two measures and the ratio of the first to the second, side by side.

    The line across the ratio is that of both sums over all groups.
    """
    key, *measures = (column.name for column in metric.columns)
    for ax, column, colour in zip((first, second), measures, (BLUE, PALE), strict=True):
        texts = [f"{value:,}" if value < 1e7 else number(value) for value in frame[column]]
        _bars(ax, _rows(ax, frame[key], 24), frame[column], texts, colour)
        measure_on_x(ax, column.removeprefix("total_"))
    _plot_rate(rate, frame, metric)
    for ax in (second, rate):
        ax.set_yticklabels([])


def _plot_rate(ax: Axes, frame: pd.DataFrame, metric: Metric) -> None:
    key, part, whole = (column.name for column in metric.columns)
    places = _rows(ax, frame[key])
    percent = 100 * frame[part] / frame[whole].where(frame[whole] > 0)
    overall = 100 * float(frame["_rate"].iloc[0])
    ax.axvline(overall, color=VERMILION, linewidth=1)
    ax.plot(percent, places, "o", color=BLUE, markersize=6)
    right = max(percent.fillna(0.0).max(), overall, 0.01) * 1.12
    side: Literal["left", "right"] = "left" if overall < right / 2 else "right"
    ax.text(overall, -0.75, f"all {chart(metric).noun}s {overall:.2f}", color=VERMILION, fontsize=8.5, ha=side)
    measure_on_x(ax, chart(metric).label, whole=False)
    ax.grid(axis="y")
    ax.set_xlim(0, right)


# How a chart that a metric declares is drawn, from what `gold_data.shown` returns, and on how many panels.
KINDS: dict[str, tuple[Callable[..., None], int]] = {
    "bars": (plot_bars, 1),
    "totals": (plot_totals, 1),
    "means": (partial(plot_totals, digits=1), 1),
    "classes": (plot_classes, 1),
    "rates": (plot_rates, 3),
}
