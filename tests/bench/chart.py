"""The picture of docs/benchmarks.md: how long each way takes, a panel for each size."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import beside, median
from bench.scenarios import Series
from viz import picture
from viz.style import BLUE, INK, MUTED, PALE, measure_on_x

_COLOURS = {"ours": BLUE, "usual": MUTED}


def _panel(ax: Axes, series: Sequence[Series]) -> None:
    walls = [median(s, lambda run: run.usage.wall) for s in series]
    places = range(len(series))
    ax.barh(places, walls, height=0.62, color=[_COLOURS.get(s.way, PALE) for s in series])
    for place, wall, of in zip(places, walls, series, strict=True):
        seconds = [run.usage.wall for run in of.runs]
        ax.plot([min(seconds), max(seconds)], [place, place], color=INK, linewidth=1.2)
        right = (max(seconds), place)
        ax.annotate(f"{wall:.1f} s", right, (6, 0), textcoords="offset points", va="center", fontsize=8.5)
    ax.set_yticks(places, [s.title for s in series])
    ax.set_ylim(len(series) - 0.4, -0.6)
    ax.set_xlim(0, max(run.usage.wall for s in series for run in s.runs) * 1.16)
    ax.set_title(f"{series[0].rows:,} records a file, 16,000 events")
    measure_on_x(ax, "seconds, median; the line is from the fastest to the slowest run", whole=False)


def draw(path: Path, found: Sequence[Series], machine: dict[str, str]) -> Path:
    """Draw the ways of the scenario `chain`; raises PictureError where the file cannot be written."""
    sizes = sorted({s.rows for s in found if s.scenario == "chain"})
    panels = [[s for s in found if s.scenario == "chain" and s.rows == rows] for rows in sizes]
    ratios = [f"{beside(s, found) or 0:.2f} at {s.rows:,}" for panel in panels for s in panel if s.way == "ours"]
    source = f"make bench  ·  {machine['processors']}  ·  {machine['memory']}  ·  commit {machine['commit']}"

    def fill(figure: Figure) -> None:
        axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for ax, panel in zip(axes, panels, strict=True):
            _panel(ax, panel)

    finding = f"This chain's time beside the usual three jobs: {', '.join(ratios)} records a file."
    return picture.write(path, "From files and messages to four metrics", finding, source, fill, 1.4 + 2.2 * len(sizes))
