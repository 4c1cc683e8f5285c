"""Draw one PNG per dataset: `PYTHONPATH=jobs python viz/plot_silver.py [--out build/charts/silver]`.

No personal column is charted.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matplotlib.figure import Figure

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake
from lakehouse.model import Dataset
from viz import picture, silver_charts, silver_data
from viz.label import count


def draw(lake: Lake, dataset: Dataset, path: Path) -> Path:
    """Draw a dataset of a lake; raises NotBuiltError and ServiceError as `Lake.open`.

    One that declares no chart of its values, or one that is not known here, is drawn without them.
    """
    name, chart = dataset.name, dataset.chart
    silver = lake.open(f"silver.{name}")
    good, quarantined = silver_data.sides(silver)
    volume, period = silver_data.volume(silver, dataset)
    reasons = silver_data.reasons(silver)
    if chart and chart.kind not in silver_charts.KINDS:
        chart = None
    values = silver_data.COUNTS[chart.kind](silver, dataset, chart.values) if chart else None

    def fill(figure: Figure) -> None:
        panels = figure.subplot_mosaic([["volume", "volume"], ["values" if chart else "quarantine", "quarantine"]])
        silver_charts.plot_volume(panels["volume"], volume, period, has_time=dataset.time_column is not None)
        if chart and values is not None:
            silver_charts.plot_values(panels["values"], values, chart)
        silver_charts.plot_quarantine(panels["quarantine"], reasons, good, quarantined)

    records = good + quarantined
    finding = (
        f"{count(records, 'record')}: {good:,} good, {quarantined:,} in quarantine" if records else "No records yet"
    )
    heading = name.replace("_", " ").capitalize()
    return picture.write(path, heading, finding, picture.provenance(silver, f"silver.{name}"), fill)


if __name__ == "__main__":
    sys.exit(picture.command("silver", DATASETS, draw))
