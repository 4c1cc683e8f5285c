"""The pictures as they are drawn: texts, axes, ink, and what must not be in them."""

import re
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Text
from sample_lake import records, write_gold

from lakehouse import lake
from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from viz import picture, plot_gold, plot_silver

ALL = [*((plot_silver, name) for name in DATASETS), *((plot_gold, name) for name in METRICS)]


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Every figure that is drawn, to be looked into; they are drawn and written as always."""
    drawn: list[Figure] = []

    class Kept(Figure):
        def __init__(self, **options: object) -> None:
            super().__init__(**options)
            drawn.append(self)

    monkeypatch.setattr(picture, "Figure", Kept)
    return drawn


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


@pytest.fixture
def empty_lake(tmp_path: Path) -> str:
    lake.create_tables(tmp_path.as_uri())
    return tmp_path.as_uri()


def test_every_dataset_and_every_metric_has_a_picture() -> None:
    assert set(plot_silver.DISTRIBUTIONS) == set(DATASETS)
    assert set(plot_gold.PLOTS) == set(plot_gold.TITLES) == set(METRICS)


@pytest.mark.parametrize(("module", "name"), ALL, ids=[name for _, name in ALL])
def test_a_picture_has_ink_labels_version_and_time(
    sample_lake: str, tmp_path: Path, figures: list[Figure], module: object, name: str
) -> None:
    pixels = imread(module.draw(sample_lake, name, tmp_path / "deep" / "x.png"))
    assert pixels.shape[1] == 1500
    assert 0.03 < np.mean(pixels[:, :, :3].min(axis=2) < 0.97) < 0.5
    layer = "silver" if module is plot_silver else "gold"
    assert re.search(
        rf"^{layer}\.{name} · version 1 · committed \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", texts(figures[0]), re.M
    )
    for ax in figures[0].axes:
        assert not ax.axison or ax.get_xlabel(), f"the axes {ax.get_title()!r} has no label"
        drawn = ax.get_tightbbox()
        assert 0 <= drawn.x0 < drawn.x1 <= 1500, "text leaves the picture"
        assert drawn.y1 <= pixels.shape[0] - 0.8 * picture.HEAD * picture.DPI, "text runs into the title"
    assert max(text.get_window_extent().x1 for text in figures[0].texts) < 1500
    assert list(tmp_path.rglob("*.part")) == []


@pytest.mark.parametrize(("module", "name"), ALL, ids=[name for _, name in ALL])
def test_a_picture_of_an_empty_table_says_no_data(
    empty_lake: str, tmp_path: Path, figures: list[Figure], module: object, name: str
) -> None:
    assert module.draw(empty_lake, name, tmp_path / "x.png").stat().st_size > 1000
    assert "no data" in texts(figures[0])


@pytest.mark.parametrize("name", DATASETS)
def test_no_personal_value_is_in_a_picture(sample_lake: str, tmp_path: Path, figures: list[Figure], name: str) -> None:
    plot_silver.draw(sample_lake, name, tmp_path / "x.png")
    shown = texts(figures[0])
    people = {
        str(r.values[column]) for r in records(name, 300) for column in DATASETS[name].personal if column in r.values
    }
    assert people or not DATASETS[name].personal
    assert not [person for person in people if person in shown]


def test_text_of_the_data_is_drawn_as_text(sample_lake: str, tmp_path: Path, figures: list[Figure]) -> None:
    plot_gold.draw(sample_lake, "total_sales_per_product", tmp_path / "x.png")
    labels = [label for label in figures[0].axes[0].get_yticklabels() if "frac" in label.get_text()]
    assert [label.get_text() for label in labels] == ["$\\frac{1}{2}$ $50 _each_ ^now"]
    assert not any(label.get_parse_math() for label in labels)


def test_two_long_names_that_are_shortened_to_the_same_label_stay_two_bars(
    tmp_path: Path, figures: list[Figure]
) -> None:
    rows = [{"produit": "x" * 100 + end, "total_ventes": Decimal(5)} for end in "ab"]
    write_gold(tmp_path.as_uri(), "total_sales_per_product", rows, 1)
    plot_gold.draw(tmp_path.as_uri(), "total_sales_per_product", tmp_path / "x.png")
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
    assert plot_gold.draw(tmp_path.as_uri(), name, tmp_path / "x.png").stat().st_size > 1000


STAMPS = {"none": None, "no JSON": "{", "another object": "[1]", "no version": "{}"}


@pytest.mark.parametrize("stamp", STAMPS.values(), ids=STAMPS)
def test_a_commit_that_names_no_silver_version_is_said_to_name_none(stamp: str | None) -> None:
    class Committed:
        def history(self, limit: int) -> list[dict[str, object]]:
            return [{} if stamp is None else {"userMetadata": stamp}]

    assert plot_gold.computed_from(Committed(), "logs") == "silver version not recorded"
