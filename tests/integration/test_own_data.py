"""Data that the project has never seen: proposed from a sample, landed, judged, summed up, drawn and served.

The walk goes through a copy of the project, by the commands that a person would give.
"""

import csv
import io
import json
import re
import shutil
import subprocess
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from api_live import Server
from matplotlib.image import imread
from stack import RunningStack

from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long]

NAME, METRIC = "bestellungen", "bestellungen_gesamtbetrag_per_artikel"
# Another one without a time, of JSON.
TIMELESS = "abonnenten"
ROUTE = f"/api/{METRIC.replace('_', '-')}/"
# One file, a line and a table of cases; one file, a line and a test.
TOUCHED = {
    f"jobs/lakehouse/datasets/{NAME}.py",
    "jobs/lakehouse/datasets/__init__.py",
    f"tests/judging/test_judge_{NAME}.py",
    f"jobs/lakehouse/metrics/{METRIC}.py",
    "jobs/lakehouse/metrics/__init__.py",
    f"tests/jobs/test_{METRIC}.py",
}
PRICES = {"Kaffeemühle": "39.90", "Teekanne; Glas": "1024.50", "Filter 4x100": "3.49", "Bohnen, dunkel": "18.75"}
HEADER = ("Bestellnr", "Bestelldatum", "Kunde", "Land", "Artikel", "Menge", "Einzelpreis", "Gesamtbetrag", "Versand")
# What the copy runs of the tests that it comes with: all that there is for the new names, and of the documents.
OWN_TESTS = "tests/test_architecture.py tests/judging tests/jobs tests/viz tests/api tests/unit"
OWN_NAMES = f"({NAME} or {TIMELESS} or document or balance_sheet) and not fuzz and not new_dataset"


def german(amount: Decimal) -> str:
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def orders(count: int) -> tuple[str, dict[str, Decimal]]:
    """Return a shop's export, three records of it bad, and the sums of the good ones by their article."""
    rng, sums, out = Random(7), defaultdict[str, Decimal](Decimal), io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(HEADER)
    for number in range(count):
        article, amount = rng.choice(list(PRICES)), rng.randint(1, 9)
        total, day = amount * Decimal(PRICES[article]), date(2024, 1, 3) + timedelta(days=number // 5)
        is_bad = number in (50, 150, 250)
        when = "31.02.2024" if is_bad else f"{day:%d.%m.%Y}"
        price = german(Decimal(PRICES[article]))
        who, land, by = f"Kunde {rng.randint(1, 40)}", rng.choice(("DE", "AT")), rng.choice(("Post", "Abholung", ""))
        writer.writerow([f"B-{20_000 + number}", when, who, land, article, amount, price, german(total), by])
        sums[article] += Decimal(0) if is_bad else total
    return out.getvalue(), sums


def contents(root: Path) -> dict[str, bytes]:
    """Return the files of a project but for what is made in it."""
    made = {"build", "data", ".venv"}
    paths = (path for path in root.rglob("*") if path.relative_to(root).parts[0] not in made and path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if "__pycache__" not in path.parts}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project as it is committed and changed, with this one's environment and jars."""
    root = tmp_path / "project"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(lambda name: name and (ROOT / name).is_file(), listed.split("\0")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    (root / "build").mkdir()
    for name in (".venv", "build/jars", "build/spark.jsa"):
        (root / name).symlink_to(ROOT / name)
    for command in (("init", "--quiet"), ("add", "--all")):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


def test_own_data_come_to_gold_a_chart_and_the_api_by_what_is_proposed(
    stack: RunningStack, project: Path, tmp_path: Path
) -> None:
    sample, sums = orders(300)
    (tmp_path / "orders.csv").write_text(sample, "utf-8")
    lake = f"file://{tmp_path}/lake"
    environ = stack.environ | {"LAKEHOUSE_URL": lake, "LAKEHOUSE_INBOX": str(project / "data/inbox")}

    def run(command: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f"source conf/env.sh && {command}"],
            cwd=project, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout

    before = contents(project)
    said = run(f"make new-dataset NAME={NAME} FROM={tmp_path}/orders.csv")
    assert "300 records: 297 would pass, 3 would be quarantined" in said
    after = contents(project)
    assert {name for name in after if after[name] != before.get(name)} == TOUCHED
    # What it says to do next is what is done.
    copying = next(line for line in said.splitlines() if line.strip().startswith("mkdir -p"))
    run(copying)
    run("make pipeline viz")
    assert f"{NAME}  " in run("make balance")
    for chart in (f"silver/{NAME}", f"gold/{METRIC}"):
        assert (imread(project / "build/charts" / f"{chart}.png")[:, :, :3].min(axis=2) < 0.97).mean() > 0.02
    with Server(tmp_path / "home", lake, project, PYTHONPATH=str(project / "jobs")) as server:
        token = server.log_in()["access"]
        rows = server.get(ROUTE, token).json()
        assert {row["artikel"]: Decimal(str(row["total_gesamtbetrag"])) for row in rows} == sums
        months = server.get(f"{ROUTE}?by=month", token).json()
        assert sum(Decimal(str(row["total_gesamtbetrag"])) for row in months) == sum(sums.values())
        assert len({row["month"] for row in months}) == 3
        assert f"gold.{METRIC}" in {table["name"] for table in server.get("/api/tables/", token).json()}
        assert ROUTE in server.get("/api/schema/?format=json", token).json()["paths"]
        assert METRIC in server.get("/").body.decode()
    lines = (json.dumps({"id": f"a{n}", "plan": "xyz"[n % 3], "active": n % 2 > 0, "tags": [n]}) for n in range(60))
    (tmp_path / "lines.jsonl").write_text("\n".join(lines), "utf-8")
    assert "60 would pass, 0" in run(f"make new-dataset NAME={TIMELESS} FROM={tmp_path}/lines.jsonl")
    # The copy is a whole project: what is made from code is made, and its own tests hold.
    run("make documents")
    run("ruff check --quiet && ruff format --check --quiet")
    tested = run(f"pytest -p no:cacheprovider -m 'not browser and not long and not stack' -k '{OWN_NAMES}' {OWN_TESTS}")
    assert int(re.findall(r"(\d+) passed", tested)[-1]) > 50
