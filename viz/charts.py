"""The charts of gold: each function draws one frame on the axes it is given and reads nothing itself."""

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
    sizes = values.astype(float).to_numpy()
    ax.barh(places, sizes, height=0.68, color=colour)
    for place, size, text in zip(places, sizes, texts, strict=True):
        ax.annotate(
            text, (max(size, 0.0), place), (4, 0), textcoords="offset points", va="center", fontsize=8.5, bbox=PATCH
        )
    low, high = min(sizes.min(), 0.0), max(sizes.max(), 0.0)
    span = (high - low) or 1.0
    ax.set_xlim(low - (0.02 * span if low else 0.0), high + 0.16 * span)


def plot_total_sales_per_product(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw `produit` and `total_ventes` as bars, in the order of the frame."""
    if frame.empty:
        return no_data(ax)
    places = _rows(ax, frame["produit"])
    _bars(ax, places, frame["total_ventes"], [f"{value:,.2f}" for value in frame["total_ventes"]])
    return measure_on_x(ax, "sum of amounts, in the currency of the data")


def plot_status_code_counts(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw `status_code` and `count_requests` as bars coloured by class, with each one's part of `all_requests`."""
    if frame.empty:
        return no_data(ax)
    classes = [int(code) // 100 for code in frame["status_code"]]
    places = _rows(ax, frame["status_code"])
    shares = frame["count_requests"] / frame["all_requests"]
    texts = [f"{n:,}  ({share:.1%})" for n, share in zip(frame["count_requests"], shares, strict=True)]
    _bars(ax, places, frame["count_requests"], texts, [STATUS_CLASSES[digit][0] for digit in classes])
    for digit in sorted(set(classes)):
        colour, meaning = STATUS_CLASSES[digit]
        ax.barh([0], [0], color=colour, label=f"{digit}xx {meaning}")
    ax.legend(loc="lower right", frameon=False, labelcolor=MUTED)
    return measure_on_x(ax, "requests")


def plot_avg_likes_per_product(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw `contenu` and `avg_likes` as bars, in the order of the frame."""
    if frame.empty:
        return no_data(ax)
    places = _rows(ax, frame["contenu"])
    _bars(ax, places, frame["avg_likes"], [f"{value:,.1f}" for value in frame["avg_likes"]])
    return measure_on_x(ax, "mean likes per post")


def plot_campaign_metrics(clicks: Axes, impressions: Axes, rate: Axes, frame: pd.DataFrame) -> None:
    """Draw `campaign_id` with `total_clicks`, `total_impressions` and their ratio, side by side.

    The line across the ratio is `overall_rate`, all clicks by all impressions of all campaigns.
    """
    if frame.empty:
        impressions.set_axis_off()
        rate.set_axis_off()
        return no_data(clicks)
    for ax, column, colour in ((clicks, "total_clicks", BLUE), (impressions, "total_impressions", PALE)):
        places = _rows(ax, frame["campaign_id"], 24)
        _bars(
            ax,
            places,
            frame[column],
            [f"{value:,}" if value < 1e7 else number(value) for value in frame[column]],
            colour,
        )
        measure_on_x(ax, column.removeprefix("total_"))
    _plot_rate(rate, frame)
    for ax in (impressions, rate):
        ax.set_yticklabels([])
    return None


def _plot_rate(ax: Axes, frame: pd.DataFrame) -> None:
    places = _rows(ax, frame["campaign_id"])
    percent = 100 * frame["total_clicks"] / frame["total_impressions"].where(frame["total_impressions"] > 0)
    overall = 100 * float(frame["overall_rate"].iloc[0])
    ax.axvline(overall, color=VERMILION, linewidth=1)
    ax.plot(percent, places, "o", color=BLUE, markersize=6)
    right = max(percent.fillna(0.0).max(), overall, 0.01) * 1.12
    side: Literal["left", "right"] = "left" if overall < right / 2 else "right"
    ax.text(overall, -0.75, f"all campaigns {overall:.2f}", color=VERMILION, fontsize=8.5, ha=side)
    measure_on_x(ax, "click rate in %", whole=False)
    ax.grid(axis="y")
    ax.set_xlim(0, right)
