"""A picture as a file: title, what it says, the data it was drawn from, and the chart between."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import matplotlib as mpl
from deltalake import DeltaTable
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from lakehouse import logs
from lakehouse.command import run
from lakehouse.errors import LakehouseError
from lakehouse.lake import Lake
from viz.label import plain
from viz.style import MUTED, RC

T = TypeVar("T")

WIDTH, HEIGHT, DPI = 10.0, 7.0, 150  # inches, pixels per inch
HEAD, FOOT = 0.85, 0.36  # inches that title and source take


class PictureError(LakehouseError):
    """Raised when a picture cannot be written."""


def provenance(table: DeltaTable, name: str) -> str:
    """Return which version of a table a picture shows and when it was committed, in UTC."""
    committed = datetime.fromtimestamp(table.history(1)[0]["timestamp"] / 1000, UTC)
    return f"{name}  ·  version {table.version()}  ·  committed {committed:%Y-%m-%d %H:%M:%S} UTC"


def write(
    path: Path, title: str, finding: str, source: str, draw: Callable[[Figure], None], height: float = HEIGHT
) -> Path:
    """Draw a figure, `height` inches high, under its title and finding and over its source, and return the PNG's path.

    The file appears only when it is complete. Raises PictureError where the folder cannot be written to.
    """
    with mpl.rc_context(RC):
        layout = ConstrainedLayoutEngine(
            rect=(0.012, FOOT / height, 0.976, 1 - (HEAD + FOOT) / height),
            w_pad=0.08,
            h_pad=0.08,
            wspace=0.03,
            hspace=0.05,
        )
        figure = Figure(figsize=(WIDTH, height), dpi=DPI, layout=layout)
        FigureCanvasAgg(figure)
        figure.text(0.025, 1 - 0.24 / height, plain(title, 90), fontsize=15, fontweight="bold", va="top")
        figure.text(0.025, 1 - 0.57 / height, plain(finding, 140), fontsize=10, color=MUTED, va="top")
        figure.text(0.025, 0.13 / height, plain(source, 160), fontsize=8, color=MUTED)
        draw(figure)
        part = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(part, format="png")
            part.replace(path)
        except OSError as error:
            raise PictureError(
                f"{path} cannot be written ({error.strerror}). Choose another folder by --out."
            ) from error
    return path


def command(layer: str, registered: Mapping[str, T], draw: Callable[[Lake, T, Path], Path]) -> int:
    """Draw `<out>/<name>.png` for each dataset or metric that is registered, and return the exit code.

    Each has a line of the command's output.
    """
    parser = ArgumentParser(description=f"Draw one PNG per table of {layer}.")
    parser.add_argument("--out", type=Path, default=Path("build/charts") / layer, help="folder (default: %(default)s)")
    out: Path = parser.parse_args().out

    def work(lake: Lake) -> None:
        for name, item in registered.items():
            logs.say(str(draw(lake, item, out / f"{name}.png")))

    return run("", work)
