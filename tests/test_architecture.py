"""The rules that the code keeps: what is registered, what may import what, where Spark reads and writes, and sizes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakehouse.datasets import DATASETS
from lakehouse.lake.schemas import tables
from lakehouse.metrics import METRICS
from lakehouse.model import DRIFTS, FORMATS, TYPES, Column
from lakehouse.query.questions import TAKEN
from lakehouse.settings import ROOT
from producers.generators import DATASETS as GENERATORS
from viz import gold_charts, silver_charts

PACKAGE = ROOT / "jobs" / "lakehouse"
SOURCES = sorted(path for top in ("jobs", "producers", "viz", "api", "docker") for path in (ROOT / top).rglob("*.py"))
# Where Spark may be imported: rooms of the package, and the jobs themselves.
SPARK_ROOMS = {"spark"}
READER, SESSION = PACKAGE / "spark" / "tables.py", PACKAGE / "spark" / "session.py"
# What may be imported where there is no pyspark.
PLAIN = [
    *(
        ".".join(path.relative_to(ROOT / "jobs").with_suffix("").parts)
        for path in SOURCES
        if path.is_relative_to(PACKAGE) and not set(path.relative_to(PACKAGE).parts) & SPARK_ROOMS
    ),
    *(f"viz.{path.stem}" for path in sorted((ROOT / "viz").glob("[a-z]*.py"))),
    "config.urls", "config.rsgi",
]  # fmt: skip
# Streams keep state beside the tables; a table is its own checkpoint.
STREAMS = {"readStream", "writeStream", "foreachBatch"}
# No row leaves Spark, and no Python function runs on one.
BY_ROW = {"collect", "toPandas", "toLocalIterator", "udf", "pandas_udf", "rdd", "foreach", "mapInPandas"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def attributes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each attribute that a file uses, with the expression that it is taken of."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node.value), node.attr


def is_known(column: Column) -> bool:
    return column.type in TYPES or column.type.startswith("decimal(")


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_complete(name: str) -> None:
    dataset = DATASETS[name]
    columns = {column.name for column in dataset.columns}
    assert dataset.name == name
    assert (PACKAGE / "datasets" / f"{name}.py").is_file()
    assert name not in GENERATORS or GENERATORS[name].dataset is dataset
    assert set(dataset.formats) <= set(FORMATS)
    assert dataset.drift in DRIFTS
    assert dataset.time_column is None or dataset.time_column in columns
    assert dataset.key is None or dataset.key in columns
    assert len(columns) == len(dataset.fields) == len({field.source for field in dataset.fields})
    assert len(set(dataset.names)) == len(dataset.names)
    assert all(map(is_known, dataset.columns))
    assert {f"bronze.{name}", f"silver.{name}"} <= set(tables())
    assert dataset.chart is None or dataset.chart.kind in silver_charts.KINDS


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_complete(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.dataset in DATASETS
    assert metric.columns[0] == metric.key
    assert set(metric.columns) <= set(metric.table_columns)
    assert all(map(is_known, metric.table_columns))
    assert metric.comment.endswith(".")
    assert f"gold.{name}" in tables()


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_reads_no_personal_column_but_the_message(name: str) -> None:
    metric = METRICS[name]
    words = set(re.findall(r"\w+", " ".join((metric.group, *(a.expression for a in metric.aggregates)))))
    assert words & {column.name for column in DATASETS[metric.dataset].columns} or "count" in words
    assert not words & DATASETS[metric.dataset].personal - {"message"}


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_filtered_on_columns_that_are_not_personal_and_hide_no_other_parameter(name: str) -> None:
    metric, dataset = METRICS[name], DATASETS[METRICS[name].dataset]
    assert set(metric.dimensions) <= {column.name for column in dataset.columns} - dataset.personal
    assert not {*TAKEN, metric.key.name} & set(metric.dimensions)
    assert not TAKEN & {c.name for c in metric.columns}


@pytest.mark.parametrize("name", METRICS)
def test_a_chart_that_a_metric_declares_fits_its_columns(name: str) -> None:
    metric = METRICS[name]
    if metric.chart is not None:
        assert metric.chart.kind in gold_charts.KINDS
        assert len(metric.columns) == (3 if metric.chart.kind == "rates" else 2)


@pytest.mark.parametrize(
    ("folder", "registered"), [("datasets", DATASETS), ("metrics", METRICS)], ids=["datasets", "metrics"]
)
def test_no_module_is_left_unregistered(folder: str, registered: dict[str, object]) -> None:
    assert {path.stem for path in (PACKAGE / folder).glob("*.py")} - {"__init__"} == set(registered)


def test_each_dataset_has_a_topic_of_its_own() -> None:
    assert len({dataset.topic for dataset in DATASETS.values()}) == len(DATASETS)
    assert set(GENERATORS) <= set(DATASETS)


BLOCKED = """
import importlib, os, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("pyspark", "py4j"):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def import_without_pyspark(folder: Path, *modules: str) -> subprocess.CompletedProcess[str]:
    """Import modules in a fresh interpreter in which pyspark and py4j cannot be imported."""
    paths = ":".join(str(ROOT / part) for part in (".", "jobs", "api"))
    env = {"PYTHONPATH": paths, "STACK_HOME": str(folder), "HOME": str(folder), "MPLCONFIGDIR": str(folder)}
    command = [sys.executable, "-c", BLOCKED, *modules]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=False)


def test_without_pyspark_everything_but_the_room_of_spark_still_imports(tmp_path: Path) -> None:
    done = import_without_pyspark(tmp_path, *PLAIN)
    assert done.returncode == 0, done.stderr


def test_without_pyspark_what_starts_spark_does_not(tmp_path: Path) -> None:
    assert "pyspark is blocked" in import_without_pyspark(tmp_path, "lakehouse.spark.session").stderr


def test_only_the_reader_and_writer_of_tables_reads_and_writes_with_spark() -> None:
    offenders = {
        f"{named(path)}: {of}.{name}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "jobs") and path != READER
        for of, name in attributes(path)
        if name in ("read", "write", "readTo", "writeTo") and _is_frame(of)
    }
    assert not offenders
    # Where they are, they are seen.
    assert any(name in ("read", "write") and _is_frame(of) for of, name in attributes(READER))


def _is_frame(expression: str) -> bool:
    """Tell whether an expression is a session or a frame by its name: a file, storage or a run is not."""
    return bool(re.search(r"(^|\.|_)(spark|sparkSession|session|df|frame|batch|rows|records|result)$", expression))


def test_nothing_streams_and_no_row_leaves_spark() -> None:
    spark = [path for path in SOURCES if path.is_relative_to(PACKAGE / "spark") or path.parent == ROOT / "jobs"]
    offenders = {f"{named(path)}: {name}" for path in SOURCES for _, name in attributes(path) if name in STREAMS}
    offenders |= {f"{named(path)}: {name}" for path in spark for _, name in attributes(path) if name in BY_ROW}
    # What comes back is a line for each file that the tasks wrote; and of a new verdict counts, a bounded number.
    assert offenders == {"jobs/lakehouse/spark/tables.py: collect", "jobs/lakehouse/spark/rejudging.py: collect"}


def test_only_session_starts_spark() -> None:
    starts = {
        path for path in SOURCES for of, name in attributes(path) if name == "builder" and of.endswith("SparkSession")
    }
    assert starts == {SESSION}


@pytest.mark.parametrize("top", ["jobs", "producers", "viz", "api"])
def test_no_file_hides_a_module_of_the_standard_library(top: str) -> None:
    names = {path.stem for path in (ROOT / top).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not names & sys.stdlib_module_names


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a file, but for names of folders: what stands behind a `/`."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    folders = {id(node.right) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in folders:
            yield node.value


def test_jobs_the_store_and_charts_name_no_dataset_and_no_metric() -> None:
    rooms = ("landing", "lake", "judging", "spark")
    paths = [*(ROOT / "jobs").glob("*.py"), *(ROOT / "viz").glob("*.py")]
    paths += [path for room in rooms for path in (PACKAGE / room).rglob("*.py")]
    names = {*DATASETS, *METRICS}
    offenders = {f"{named(path)}: {text}" for path in paths for text in texts(path) if text in names}
    assert not offenders


def test_files_and_functions_are_small() -> None:
    offenders = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if (lines := len(text.splitlines())) > 250:
            offenders.append(f"{named(path)}: {lines} lines")
        offenders += [
            f"{named(path)}: {node.name} has {length} lines"
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            and (length := (node.end_lineno or 0) - node.lineno + 1) > 50
        ]
    assert not offenders


def test_no_committed_file_names_a_machine_or_a_registry() -> None:
    # Written in parts, so that this file does not name them itself.
    places = "|".join(("/ro" + "ot/", "/wo" + "rk/(main|shared)", "/ho" + "me/" + r"[a-z]", "/Us" + "ers/" + r"[a-z]"))
    hosts = "|".join(
        ("artifact" + "ory", "nex" + r"us\d?\.", "index" + r"-url[ =]+http", "pypi" + r"\.[a-z.]*(?<!org)/")
    )
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path.suffix in (".png", ".gz"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if re.search(rf"(?<![\w.:/])({places})|{hosts}", line):
                found.append(f"{name}:{number}: {line.strip()[:120]}")
    assert not found


def test_no_module_beside_a_script_hides_one_of_python() -> None:
    beside = (path for folder in ("jobs", "docker/native", "viz", "api") for path in (ROOT / folder).glob("*"))
    assert not [path for path in beside if path.stem in sys.stdlib_module_names]


def test_what_the_readme_calls_tested_has_its_page_and_its_test() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| .*\]\((.+?)\) \| (`.*`) \|$", text.split("## When you outgrow it")[1], re.MULTILINE)
    assert len(rows) >= 8
    assert not [page for page, _ in rows if not (ROOT / page).is_file()]
    names = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    assert {name for _, tests in rows for name in re.findall(r"test_\w+\.py", tests)} <= names
