"""The pictures as they are drawn: texts, axes, ink, and what must not be in them."""

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text
from personal_values import all_personal_values
from sample_lake import records, write, write_gold

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake
from lakehouse.lake.state import Source, State
from lakehouse.metrics import METRICS
from lakehouse.model import Aggregate, Chart, Column, Dataset, Metric, Table
from viz import gold_charts, gold_data, picture, plot_gold, plot_silver, silver_charts, silver_data

ALL: list[tuple[ModuleType, Dataset | Metric]] = [
    *((plot_silver, dataset) for dataset in DATASETS.values()),
    *((plot_gold, metric) for metric in METRICS.values()),
]
NAMES = [item.name for _, item in ALL]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is drawn, to be looked into; they are drawn and written as always."""
    drawn: list[Figure] = []

    class Kept(Figure):
        def __init__(self, **options: Any) -> None:
            super().__init__(**options)
            drawn.append(self)

    monkeypatch.setattr(picture, "Figure", Kept)
    return drawn


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


@pytest.mark.parametrize(("module", "item"), ALL, ids=NAMES)
def test_a_picture_tells_no_personal_value(
    sample_lake: str, tmp_path: Path, figures: list[Figure], module: Any, item: Any
) -> None:
    module.draw(Lake(sample_lake), item, tmp_path / "x.png")
    drawn = texts(figures[0])
    assert not [value for value in all_personal_values(sample_lake) if value.decode(errors="replace") in drawn]


@pytest.fixture
def empty_lake(tmp_path: Path) -> str:
    Lake(tmp_path.as_uri()).make_tables()
    return tmp_path.as_uri()


def test_every_chart_that_is_declared_is_of_a_kind_that_is_known() -> None:
    assert {dataset.chart.kind for dataset in DATASETS.values() if dataset.chart} <= set(silver_charts.KINDS)
    assert {metric.chart.kind for metric in METRICS.values() if metric.chart} <= set(gold_charts.KINDS)
    assert set(silver_charts.KINDS) == set(silver_data.COUNTS)
    assert set(gold_charts.KINDS) == set(gold_data.OVER_ALL)


@pytest.mark.parametrize(("module", "item"), ALL, ids=NAMES)
def test_a_picture_has_ink_labels_version_and_time(
    sample_lake: str, tmp_path: Path, figures: list[Figure], module: Any, item: Any
) -> None:
    pixels = imread(module.draw(Lake(sample_lake), item, tmp_path / "deep" / "x.png"))
    assert pixels.shape[1] == 1500
    assert 0.03 < np.mean(pixels[:, :, :3].min(axis=2) < 0.97) < 0.5
    layer = "silver" if module is plot_silver else "gold"
    assert re.search(
        rf"^{layer}\.{item.name} · version 1 · committed \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", texts(figures[0]), re.M
    )
    for ax in figures[0].axes:
        assert not ax.axison or ax.get_xlabel(), f"the axes {ax.get_title()!r} has no label"
        drawn = ax.get_tightbbox()
        assert drawn is not None
        assert 0 <= drawn.x0 < drawn.x1 <= 1500, "text leaves the picture"
        assert drawn.y1 <= pixels.shape[0] - 0.8 * picture.HEAD * picture.DPI, "text runs into the title"
    assert max(text.get_window_extent().x1 for text in figures[0].texts) < 1500
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize(("module", "item"), ALL, ids=NAMES)
def test_a_picture_of_an_empty_table_says_no_data(
    empty_lake: str, tmp_path: Path, figures: list[Figure], module: Any, item: Any
) -> None:
    assert module.draw(Lake(empty_lake), item, tmp_path / "x.png").stat().st_size > 1000
    assert "no data" in texts(figures[0])


@pytest.mark.parametrize("name", DATASETS)
def test_no_personal_value_is_in_a_picture(sample_lake: str, tmp_path: Path, figures: list[Figure], name: str) -> None:
    plot_silver.draw(Lake(sample_lake), DATASETS[name], tmp_path / "x.png")
    shown = texts(figures[0])
    people = {
        str(r.values[column]) for r in records(name, 300) for column in DATASETS[name].personal if column in r.values
    }
    assert people or not DATASETS[name].personal
    assert not [person for person in people if person in shown]


def test_text_of_the_data_is_drawn_as_text(sample_lake: str, tmp_path: Path, figures: list[Figure]) -> None:
    plot_gold.draw(Lake(sample_lake), METRICS["total_sales_per_product"], tmp_path / "x.png")
    labels = [label for label in figures[0].axes[0].get_yticklabels() if "frac" in label.get_text()]
    assert [label.get_text() for label in labels] == ["$\\frac{1}{2}$ $50 _each_ ^now"]
    assert not any(label.get_parse_math() for label in labels)


def test_two_long_names_that_are_shortened_to_the_same_label_stay_two_bars(
    tmp_path: Path, figures: list[Figure]
) -> None:
    rows = [{"produit": "x" * 100 + end, "total_ventes": Decimal(5)} for end in "ab"]
    write_gold(tmp_path.as_uri(), "total_sales_per_product", rows, 1)
    plot_gold.draw(Lake(tmp_path.as_uri()), METRICS["total_sales_per_product"], tmp_path / "x.png")
    assert len(figures[0].axes[0].patches) == 2


ODD = {
    "one campaign that was never shown": ("campaign_metrics", ("a", 0, 0)),
    "refunds alone": ("total_sales_per_product", ("a", Decimal("-5.00"))),
    "sales beyond any float": ("total_sales_per_product", ("a", Decimal("9" * 30 + ".99"))),
    "nothing sold": ("total_sales_per_product", ("a", Decimal(0))),
    "no name": ("avg_likes_per_product", (None, 1.0)),
    "a status code on the edge": ("status_code_counts", (599, 2**40)),
}


@pytest.mark.parametrize(("name", "row"), ODD.values(), ids=ODD)
def test_odd_data_is_drawn_too(tmp_path: Path, name: str, row: tuple[object, ...]) -> None:
    columns = [column.name for column in METRICS[name].columns]
    write_gold(tmp_path.as_uri(), name, [dict(zip(columns, row, strict=True))], 1)
    assert plot_gold.draw(Lake(tmp_path.as_uri()), METRICS[name], tmp_path / "x.png").stat().st_size > 1000


def test_a_commit_that_names_no_silver_version_is_said_to_name_none() -> None:
    metric = METRICS["status_code_counts"]
    assert plot_gold.computed_from(State(batch=1), metric) == "silver version not recorded"
    named = State(batch=1, source=Source("id", 7, 1, 0))
    assert plot_gold.computed_from(named, metric) == "computed from silver.logs version 7"


OTHERS = {"none": None, "of a kind that is not known": Chart("spiral", "Round and round", "degrees")}


@pytest.mark.parametrize("chart", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize(("module", "item"), ALL, ids=NAMES)
def test_what_has_no_chart_of_its_own_gets_a_plain_one(
    sample_lake: str, tmp_path: Path, figures: list[Figure], module: Any, item: Any, chart: Chart | None
) -> None:
    pixels = imread(module.draw(Lake(sample_lake), replace(item, chart=chart), tmp_path / "x.png"))
    assert 0.02 < np.mean(pixels[:, :, :3].min(axis=2) < 0.97) < 0.5
    assert "no data" not in texts(figures[0])
    for ax in figures[0].axes:
        assert not ax.axison or ax.get_xlabel()


@pytest.mark.parametrize("kind", ["string", "timestamp"])
def test_a_metric_without_a_number_says_so(tmp_path: Path, figures: list[Figure], kind: str) -> None:
    key, last = Column("a", "string"), Column("b", kind)
    metric = Metric("odd", "logs", key, "path", (Aggregate(last, "max(path)", None),), "Odd.")
    lake = Lake(tmp_path.as_uri())
    write(lake, Table("gold.odd", metric.table_columns), [{"a": "x"}], State(batch=1))
    plot_gold.draw(lake, metric, tmp_path / "x.png")
    assert "no number to draw" in texts(figures[0])


def test_how_a_metric_is_drawn_is_no_part_of_how_it_is_computed() -> None:
    for metric in METRICS.values():
        assert replace(metric, chart=None).code == metric.code
