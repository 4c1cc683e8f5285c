"""The charts of silver: each function draws one frame on the axes it is given and reads nothing itself."""

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes

from lakehouse.model import Chart
from lakehouse.reasons import sentence
from viz.label import plain
from viz.style import AMBER, BLUE, INK, MUTED, PALE, VERMILION, measure_on_y, no_data

# Length in days of the periods that volume is counted by; a month's bar is as wide as its shortest one.
PERIODS = {"hour": 1 / 24, "day": 1.0, "week": 7.0, "month": 28.0}


def plot_volume(ax: Axes, frame: pd.DataFrame, period: str, *, has_time: bool = True) -> None:
    """Draw the good `records` of each period that begins at `start` (UTC); `period` is one of `PERIODS`.

    The period is that of the event, or of its arrival where records have no time.
    """
    ax.set_title(f"Good records per {period} of {'the event' if has_time else 'arrival'}")
    if frame.empty:
        return no_data(ax)
    width = pd.Timedelta(days=PERIODS[period])
    first, last = frame["start"].min(), frame["start"].max()
    ax.bar(frame["start"].to_numpy(), frame["records"], width=0.86 * PERIODS[period], align="edge", color=BLUE)
    around = 2 * width if first == last else 0.3 * width
    ax.set_xlim(first - around, last + width + around)
    ax.xaxis.get_offset_text().set_visible(False)
    ax.set_xlabel(f"{first:%Y-%m-%d} to {last:%Y-%m-%d}, UTC")
    return measure_on_y(ax, "records")


def plot_values(ax: Axes, frame: pd.DataFrame, chart: Chart) -> None:
    """Draw what `silver_data.COUNTS` counts for a chart that a dataset declares."""
    ax.set_title(chart.title)
    if frame.empty:
        return no_data(ax)
    ax.set_xlabel(chart.label)
    return KINDS[chart.kind](ax, frame)


def plot_histogram(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the number of `records` in each bin from `low`, all as wide as `width`, with the `median` marked.

    The last bin's column `beyond` says how many records lie above it.
    """
    width, median = float(frame["width"].iloc[0]), float(frame["median"].iloc[0])
    ax.bar(frame["low"], frame["records"], width=0.92 * width, align="edge", color=BLUE)
    ax.axvline(median, color=INK, linewidth=1)
    ax.annotate(
        f"median {median:,.4g}", (median, 1), (4, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
        va="top", fontsize=8.5,
    )  # fmt: skip
    measure_on_y(ax, "records")
    ax.set_ylim(0, frame["records"].max() * 1.15)
    if beyond := int(frame["beyond"].iloc[0]):
        ax.set_xlabel(f"{ax.get_xlabel()}  ({beyond:,} larger ones not shown)")


def plot_doubling(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw the number of `records` in bins that double: `step` 0 is the value 0, 1 is 1, 2 is 2 to 3, 3 is 4 to 7."""
    ax.bar(frame["step"], frame["records"], width=0.86, color=BLUE)
    steps = range(int(frame["step"].min()), int(frame["step"].max()) + 1)
    ax.set_xticks([step - 0.43 for step in steps], [f"{2 ** (step - 1):,}" if step else "0" for step in steps])
    measure_on_y(ax, "records")


def plot_hours(ax: Axes, frame: pd.DataFrame) -> None:
    """Draw requests by `hour` of the day (0 to 23): `fine`, `client_errors` (4xx), `server_errors` (5xx), stacked."""
    parts = (("fine", PALE, "below 400"), ("client_errors", AMBER, "4xx"), ("server_errors", VERMILION, "5xx"))
    bottom = frame["fine"] * 0
    for column, colour, name in parts:
        ax.bar(frame["hour"], frame[column], bottom=bottom, width=0.86, color=colour, label=name)
        bottom = bottom + frame[column]
    ax.legend(loc="upper left", ncols=3, frameon=False, labelcolor=MUTED, handlelength=1, columnspacing=1)
    ax.set_ylim(0, bottom.max() * 1.25)
    ax.set_xticks(range(0, 24, 3))
    measure_on_y(ax, "requests")


def plot_quarantine(ax: Axes, frame: pd.DataFrame, good: int, quarantined: int) -> None:
    """Draw good against quarantined records as one bar, and under it the quarantined `records` by `reason`."""
    total = good + quarantined
    ax.set_title("Good against quarantined, by reason")
    if not total:
        return no_data(ax)
    ax.barh([0], [1], height=0.5, color=PALE)
    ax.barh([0], [quarantined / total], height=0.5, color=VERMILION)
    ax.text(0, -0.42, f"{quarantined:,} quarantined ({quarantined / total:.1%})", color=VERMILION, fontsize=9)
    ax.text(1, -0.42, f"{good:,} good", ha="right", color=MUTED, fontsize=9)
    largest = max(frame["records"].max(), 1) if len(frame) else 1
    for place, (reason, records) in enumerate(zip(frame["reason"], frame["records"], strict=True), start=1):
        ax.barh([place + 0.35], [0.55 * records / largest], left=0.3, height=0.4, color=VERMILION)
        ax.text(0.28, place + 0.35, plain(reason, 26), ha="right", va="center", fontsize=8)
        ax.text(0.31 + 0.55 * records / largest, place + 0.35, f"{records:,}", va="center", fontsize=8)
        if (means := sentence(reason)) != reason:
            ax.text(0.3, place + 0.79, plain(means, 64), color=MUTED, va="center", fontsize=6.5)
    if frame["records"].sum() > quarantined:
        ax.text(0, len(frame) + 1.6, "A record that breaks several rules counts in each.", color=MUTED, fontsize=8)
    ax.set_ylim(max(len(frame), 5) + 1.7, -0.9)
    ax.set_xlim(0, 1)
    ax.set_axis_off()
    return None


# How a chart that a dataset declares is drawn.
KINDS: dict[str, Callable[[Axes, pd.DataFrame], None]] = {
    "histogram": plot_histogram,
    "doubling": plot_doubling,
    "hours": plot_hours,
}
