"""Draw one PNG per metric: `PYTHONPATH=jobs python viz/plot_gold.py [--out build/charts/gold]`."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deltalake import DeltaTable
from matplotlib.figure import Figure

from lakehouse import lake
from lakehouse.metrics import METRICS
from viz import charts, gold_data, picture
from viz.label import plain

TITLES = {
    "total_sales_per_product": "Sales per product",
    "status_code_counts": "Requests per HTTP status code",
    "avg_likes_per_product": "Likes per product or post",
    "campaign_metrics": "Clicks and impressions per campaign",
}
PLOTS: dict[str, Callable[..., None]] = {
    "total_sales_per_product": charts.plot_total_sales_per_product,
    "status_code_counts": charts.plot_status_code_counts,
    "avg_likes_per_product": charts.plot_avg_likes_per_product,
    "campaign_metrics": charts.plot_campaign_metrics,
}


def draw(url: str, name: str, path: Path) -> Path:
    """Draw the metric `name` of the lake `url`; raises NotBuiltError and ServiceError as `lake.open_table`."""
    gold = lake.open_table(url, f"gold.{name}")
    frame, finding = gold_data.SELECT[name](gold)

    def fill(figure: Figure) -> None:
        panels = figure.subplots(1, 3 if name == "campaign_metrics" else 1, squeeze=False)[0]
        PLOTS[name](*panels, frame)

    # As high as its rows need, so that bars are equally thick in all pictures.
    height = max(3.6, 1.9 + 0.255 * len(frame))
    source = f"{picture.provenance(gold, f'gold.{name}')}  ·  {computed_from(gold, METRICS[name].dataset)}"
    return picture.write(path, TITLES[name], finding, source, fill, height)


def computed_from(gold: DeltaTable, dataset: str) -> str:
    """Return the silver version that the newest commit says it was computed from."""
    try:
        version = json.loads(gold.history(1)[0]["userMetadata"])["silver_version"]
    except (KeyError, TypeError, ValueError):
        return "silver version not recorded"
    return f"computed from silver.{dataset} version {plain(version)}"


def main(arguments: list[str] | None = None) -> int:
    """Draw every metric and return the exit code."""
    parser = argparse.ArgumentParser(description="Draw one PNG per metric from the gold tables.")
    return picture.command(parser, "gold", METRICS, draw, arguments)


if __name__ == "__main__":
    sys.exit(main())
