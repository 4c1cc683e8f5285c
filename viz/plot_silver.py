"""Draw one PNG per dataset: `PYTHONPATH=jobs python viz/plot_silver.py [--out build/charts/silver]`.

No personal column is charted.
"""

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pandas as pd
from deltalake import DeltaTable
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lakehouse import lake
from lakehouse.datasets import DATASETS
from viz import picture, silver_charts, silver_data
from viz.label import count

# What is worth seeing of a dataset's values: how it is counted, how it is drawn, with which title and label.
Query = Callable[[DeltaTable], pd.DataFrame]
Plot = Callable[[Axes, pd.DataFrame, str, str], None]
DISTRIBUTIONS: dict[str, tuple[Query, Plot, str, str]] = {
    "transactions": (
        partial(silver_data.histogram, expression="amount"),
        silver_charts.plot_histogram,
        "How large transactions are",
        "amount, in the currency of the data",
    ),
    "logs": (
        partial(silver_data.hours, time="time", status="status"),
        silver_charts.plot_hours,
        "Requests and errors through the day",
        "hour of the day, UTC",
    ),
    "social_data": (
        partial(silver_data.doubling, expression="likes"),
        silver_charts.plot_doubling,
        "How many likes a post gets",
        "likes, from the number at a bar up to the next one",
    ),
    "ad_campaigns": (
        partial(silver_data.histogram, expression="100 * ctr"),
        silver_charts.plot_histogram,
        "How often an impression is clicked",
        "click rate of a report in %",
    ),
}


def draw(url: str, name: str, path: Path) -> Path:
    """Draw the dataset `name` of the lake `url`; raises NotBuiltError and ServiceError as `lake.open_table`."""
    silver = lake.open_table(url, f"silver.{name}")
    good, quarantined = silver_data.sides(silver)
    volume, period = silver_data.volume(silver, DATASETS[name])
    values, plot, title, label = DISTRIBUTIONS[name]
    distribution, reasons = values(silver), silver_data.reasons(silver)

    def fill(figure: Figure) -> None:
        panels = figure.subplot_mosaic([["volume", "volume"], ["distribution", "quarantine"]])
        silver_charts.plot_volume(panels["volume"], volume, period)
        plot(panels["distribution"], distribution, title, label)
        silver_charts.plot_quarantine(panels["quarantine"], reasons, good, quarantined)

    records = good + quarantined
    finding = (
        f"{count(records, 'record')}: {good:,} good, {quarantined:,} in quarantine" if records else "No records yet"
    )
    heading = name.replace("_", " ").capitalize()
    return picture.write(path, heading, finding, picture.provenance(silver, f"silver.{name}"), fill)


def main(arguments: list[str] | None = None) -> int:
    """Draw every dataset and return the exit code."""
    parser = argparse.ArgumentParser(description="Draw one PNG per dataset from the silver tables.")
    return picture.command(parser, "silver", DATASETS, draw, arguments)


if __name__ == "__main__":
    sys.exit(main())
