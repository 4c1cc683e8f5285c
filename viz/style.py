"""One look for all charts: colours that colour-blind readers tell apart, little ink beside the data."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.typing import RcKeyType

from viz.label import number

# Okabe and Ito, "Color Universal Design" (2008), with greys for what is not data.
BLUE, VERMILION, AMBER, GREEN = "#0072B2", "#D55E00", "#E69F00", "#009E73"
INK, MUTED, LINE, PALE = "#1A1A1A", "#5F6670", "#DADDE1", "#C9CED4"

RC: dict[RcKeyType, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    # A dollar sign in a product's name is a dollar sign.
    "text.parse_math": False,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": INK,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "date.converter": "concise",
    "figure.facecolor": "white",
}


def _amounts(axis: Axis, whole: bool = True) -> None:
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10], integer=whole))


def measure_on_x(ax: Axes, label: str, whole: bool = True) -> None:
    """Style an axes whose bars lie: the measured values, named by `label`, are on x, its ticks `whole` numbers."""
    _amounts(ax.xaxis, whole)
    ax.set_xlabel(label)
    ax.grid(axis="x")
    ax.spines[["left", "bottom"]].set_visible(False)


def measure_on_y(ax: Axes, label: str) -> None:
    """Style an axes whose bars stand: the measured values, named by `label`, are on y."""
    _amounts(ax.yaxis)
    ax.set_ylabel(label)
    ax.tick_params(axis="y", labelcolor=MUTED)
    ax.grid(axis="y")
    ax.spines["left"].set_visible(False)


def no_data(ax: Axes, why: str = "no data") -> None:
    """Say in the middle of an axes that there is nothing to draw."""
    ax.set_axis_off()
    ax.text(0.5, 0.5, why, transform=ax.transAxes, ha="center", va="center", color=MUTED, fontsize=13)
