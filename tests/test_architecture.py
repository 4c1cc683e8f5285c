"""The rules that the code keeps: what is registered, what may import what, where Spark reads and writes, and sizes."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from lakehouse import rules
from lakehouse.catalogue import tables
from lakehouse.datasets import DATASETS
from lakehouse.metrics import METRICS
from lakehouse.model import FORMATS, TYPES
from lakehouse.settings import ROOT
from producers.generators import DATASETS as GENERATORS

PACKAGE = ROOT / "jobs" / "lakehouse"
SOURCES = sorted(
    path for top in ("jobs", "producers", "viz", "api", "docker") for path in (ROOT / top).rglob("*.py")
)  # fmt: skip
# What may be imported where there is no pyspark.
PLAIN = [
    *(f"lakehouse.{name}" for name in (
        "settings", "paths", "errors", "model", "catalogue", "datasets", "metrics", "formats", "landing", "inbox",
        "records", "arrays", "frames", "lake", "ledger", "checkpoints", "storage", "lock", "views",
    )),
    *(f"viz.{path.stem}" for path in sorted((ROOT / "viz").glob("[a-z]*.py"))),
    "config.urls", "config.wsgi",
]  # fmt: skip
# No row leaves Spark, and no Python function runs on one, while records are judged and metrics computed.
FORBIDDEN = {"collect", "toPandas", "toLocalIterator", "udf", "pandas_udf", "rdd", "foreach", "mapInPandas", "take"}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def attributes(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each attribute that a file uses, with the expression that it is taken of."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node.value), node.attr


@pytest.mark.parametrize("name", DATASETS)
def test_a_dataset_is_complete(name: str) -> None:
    dataset = DATASETS[name]
    columns = {column.name for column in dataset.columns}
    assert dataset.name == name
    assert (PACKAGE / "datasets" / f"{name}.py").is_file()
    assert callable(rules.module(name).rules)
    assert GENERATORS[name].dataset is dataset
    assert set(dataset.formats) <= set(FORMATS)
    assert dataset.time_column in columns
    assert dataset.key is None or dataset.key in columns
    assert len(columns) == len(dataset.fields) == len({field.source for field in dataset.fields})
    assert all(c.type in TYPES or c.type.startswith("decimal(") for c in dataset.columns)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_complete(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert metric.dataset in DATASETS
    assert set(metric.inputs) <= {column.name for column in DATASETS[metric.dataset].columns}
    assert not set(metric.inputs) & DATASETS[metric.dataset].personal - {"message"}
    assert callable(import_module(f"lakehouse.metrics.{name}").compute)
    assert f"gold.{name}" in tables()


@pytest.mark.parametrize(
    ("folder", "registered"),
    [("datasets", DATASETS), ("rules", DATASETS), ("metrics", METRICS)],
    ids=["datasets", "rules", "metrics"],
)
def test_no_module_is_left_unregistered(folder: str, registered: dict[str, object]) -> None:
    assert {path.stem for path in (PACKAGE / folder).glob("*.py")} - {"__init__"} == set(registered)


def test_each_dataset_has_a_topic_of_its_own() -> None:
    assert len({dataset.topic for dataset in DATASETS.values()}) == len(DATASETS) == len(GENERATORS)


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


def test_without_pyspark_landing_charts_and_the_whole_api_still_import(tmp_path: Path) -> None:
    done = import_without_pyspark(tmp_path, *PLAIN)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("module", ["lakehouse.session", "lakehouse.rules.logs"])
def test_without_pyspark_what_starts_spark_does_not(tmp_path: Path, module: str) -> None:
    assert "pyspark is blocked" in import_without_pyspark(tmp_path, module).stderr


@pytest.mark.parametrize("path", [p for p in SOURCES if p.is_relative_to(ROOT / "jobs")], ids=named)
def test_only_tables_reads_and_writes_with_spark(path: Path) -> None:
    used = {name for _, name in attributes(path) if name in ("readStream", "writeStream")}
    used |= {f"{of}.{name}" for of, name in attributes(path) if name in ("read", "write") and _is_frame(of)}
    assert bool(used) == (path == PACKAGE / "tables.py"), used


def _is_frame(expression: str) -> bool:
    """Tell whether an expression is a session or a frame by its name: a file or storage is not."""
    return bool(re.search(r"(^|\.|_)(spark|sparkSession|session|df|frame|batch|rows|records|result)$", expression))


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_only_session_starts_spark(path: Path) -> None:
    starts = any(name == "builder" and of.endswith("SparkSession") for of, name in attributes(path))
    assert starts == (path == PACKAGE / "session.py")


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.parent in (PACKAGE / "rules", PACKAGE / "metrics")], ids=named
)
def test_rules_and_metrics_stay_columns(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    used = {name for _, name in attributes(path)} | {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert not used & FORBIDDEN
    # F.count is a column; count() of a frame runs a job.
    assert not [of for of, name in attributes(path) if name == "count" and of != "F"]


@pytest.mark.parametrize("top", ["jobs", "producers", "viz", "api"])
def test_no_file_hides_a_module_of_the_standard_library(top: str) -> None:
    names = {path.stem for path in (ROOT / top).iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not names & sys.stdlib_module_names


def test_jobs_name_no_dataset_and_no_metric() -> None:
    for path in (ROOT / "jobs").glob("*.py"):
        texts = {n.value for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Constant)}
        assert not texts & {*DATASETS, *METRICS}, path


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_files_and_functions_are_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 250
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < 50, f"{node.name} is too long"


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
