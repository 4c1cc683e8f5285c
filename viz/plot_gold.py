"""Draw one PNG per metric: `PYTHONPATH=jobs python viz/plot_gold.py [--out build/charts/gold]`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matplotlib.figure import Figure

from lakehouse.lake import Lake
from lakehouse.lake.state import State
from lakehouse.metrics import METRICS
from lakehouse.model import Metric
from viz import gold_charts, gold_data, picture
from viz.style import no_data


def draw(lake: Lake, metric: Metric, path: Path) -> Path:
    """Draw a metric of a lake; raises NotBuiltError and ServiceError as `Lake.open`."""
    name = f"gold.{metric.name}"
    gold = lake.open(name)
    frame, finding = gold_data.shown(gold, metric)
    plot, panels = gold_charts.KINDS[gold_data.chart(metric).kind]

    def fill(figure: Figure) -> None:
        if frame.empty:
            return no_data(figure.subplots())
        return plot(*figure.subplots(1, panels, squeeze=False)[0], frame, metric)

    # As high as its rows need, so that bars are equally thick in all pictures.
    height = max(3.6, 1.9 + 0.255 * len(frame))
    title = metric.chart.title if metric.chart else metric.name.replace("_", " ").capitalize()
    source = f"{picture.provenance(gold, name)}  ·  {computed_from(lake.standing(name, gold).state, metric)}"
    return picture.write(path, title, finding, source, fill, height)


def computed_from(state: State, metric: Metric) -> str:
    """Return the silver version that the newest commit with a state says it was computed from."""
    if state.source is None:
        return "silver version not recorded"
    return f"computed from silver.{metric.dataset} version {state.source.version}"


if __name__ == "__main__":
    sys.exit(picture.command("gold", METRICS, draw))
