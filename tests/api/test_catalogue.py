"""The catalogue: what tables there are, what they hold, and how they came about."""

from collections.abc import Callable

import pytest
import sample_lake as maker
from deltalake import DeltaTable
from django.test import Client

from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, relations, scan
from lakehouse.metrics import METRICS

NAMES = list(relations.views())


@pytest.fixture
def own(scratch: str, serve_lake: Callable[[str], object]) -> str:
    """A lake that the test may change, served."""
    maker.copy(scratch, rows=60)
    serve_lake(scratch)
    return scratch


def test_the_list_names_every_table_with_its_state(engineer: Client, served: str) -> None:
    answer = engineer.get("/api/tables/")
    found = {row["name"]: row for row in answer.json()}
    assert list(found) == NAMES
    for name, row in found.items():
        view = relations.views()[name]
        table = Lake(served).open(view.table)
        rows = scan.rows_by_partition(table)
        assert row["version"] == table.version()
        assert row["rows"] == rows[view.quarantined] > 0
        assert row["files"] >= 1
        assert row["bytes"] > 0
        assert row["is_built"]
        assert row["age_seconds"] >= 0
        assert row["last_commit"].endswith("Z")


def test_the_list_shows_a_user_without_a_group_gold_only(client: Client, served: str) -> None:
    assert [row["name"] for row in client.get("/api/tables/").json()] == [f"gold.{name}" for name in METRICS]


def test_a_commit_shows_at_once(engineer: Client, own: str) -> None:
    before = engineer.get("/api/tables/gold.campaign_metrics/").json()
    maker.write_gold(own, "campaign_metrics", [{"campaign_id": "c", "total_clicks": 1, "total_impressions": 2}], 1)
    after = engineer.get("/api/tables/gold.campaign_metrics/").json()
    assert (after["version"], after["rows"]) == (before["version"] + 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_is_described_by_the_registry_and_its_log(name: str, engineer: Client, served: str) -> None:
    answer = engineer.get(f"/api/tables/{name}/").json()
    view = relations.views()[name]
    assert [(c["name"], c["type"], c["is_personal"]) for c in answer["columns"]] == [
        (c.name, c.type, c.name in view.personal) for c in view.columns
    ]
    assert answer["table_id"] == str(DeltaTable(Lake(served).address(view.table)).metadata().id)
    assert sum(p["rows"] for p in answer["partitions"]) >= answer["rows"]
    assert answer["comment"]


@pytest.mark.parametrize(
    ("name", "aliases", "comes_from"),
    [
        ("gold.status_code_counts", ["status_code_counts"], ["silver.logs"]),
        ("silver.logs", ["kafka_ing_logs", "logs"], ["bronze.logs"]),
        ("quarantine.logs", [], ["bronze.logs"]),
        ("bronze.logs", [], ["ledger.files", "topic logs_topic"]),
        ("ledger.runs", [], []),
    ],
)
def test_a_description_says_where_a_table_comes_from(
    name: str, aliases: list[str], comes_from: list[str], engineer: Client, served: str
) -> None:
    answer = engineer.get(f"/api/tables/{name}/").json()
    assert (answer["aliases"], answer["comes_from"]) == (aliases, comes_from)


def test_silver_tells_of_fields_that_are_not_declared_and_of_those_that_are_missing(engineer: Client, own: str) -> None:
    lake = Lake(own)
    before = lake.standing("silver.logs")
    known = {"Status_Code": ("column", "missing"), "Bytes": ("column",), "trace_id": ("string", "number")}
    lake.commit("silver.logs", before, [], before.state.next("run", seen=known))
    for name in ("silver.logs", "quarantine.logs"):
        answer = engineer.get(f"/api/tables/{name}/").json()
        assert answer["drift"] == {"undeclared": {"trace_id": ["string", "number"]}, "missing": ["Status_Code"]}
    assert engineer.get("/api/tables/silver.social_data/").json()["drift"] == {"undeclared": {}, "missing": []}
    assert engineer.get("/api/tables/bronze.logs/").json()["drift"] is None


def test_the_history_lists_commits_newest_first_with_what_the_job_noted(engineer: Client, own: str) -> None:
    rows = Lake(own).open("gold.campaign_metrics").to_pyarrow_dataset().count_rows()
    maker.write_gold(own, "campaign_metrics", [], 7)
    commits = engineer.get("/api/tables/gold.campaign_metrics/history/").json()
    assert [commit["version"] for commit in commits] == [2, 1, 0]
    assert commits[0]["noted"] == {"run_id": "run-0002", "batch": 1, "silver_version": 7, "silver_id": ""}
    assert commits[2]["noted"] == {}
    assert commits[1]["rows"] == rows > 0
    assert len(engineer.get("/api/tables/gold.campaign_metrics/history/?limit=1").json()) == 1
    assert "/tmp" not in str(commits)


@pytest.mark.parametrize("name", ["silver.logs", "quarantine.logs"])
def test_the_history_of_silver_names_the_bronze_version_behind_a_commit(
    name: str, engineer: Client, served: str
) -> None:
    (commit, _) = engineer.get(f"/api/tables/{name}/history/").json()
    bronze = Lake(served).standing("bronze.logs")
    noted = {"run_id": "run-0002", "batch": 1, "bronze_version": bronze.version, "bronze_id": bronze.id}
    assert commit["noted"] == noted


def test_the_history_of_bronze_tells_of_runs_and_not_of_files(engineer: Client, served: str) -> None:
    (commit, _) = engineer.get("/api/tables/bronze.logs/history/").json()
    assert commit["noted"] == {"run_id": "run-0002", "batch": 1}


@pytest.mark.parametrize("metric", METRICS)
def test_gold_is_described_by_the_columns_of_the_contract_alone(metric: str, client: Client, served: str) -> None:
    columns = client.get(f"/api/tables/gold.{metric}/").json()["columns"]
    assert [column["name"] for column in columns] == [column.name for column in METRICS[metric].columns]


def test_the_balance_sheet_has_a_line_per_dataset_that_adds_up(engineer: Client, served: str) -> None:
    lines = {line["dataset"]: line for line in engineer.get("/api/ledger/").json()}
    assert set(lines) == set(DATASETS)
    for line in lines.values():
        assert line["bronze"] == line["silver"] + line["quarantined"] == 300
        assert sum(line["reasons"].values()) == line["quarantined"] > 0
        assert (line["waiting"], line["is_closed"]) == (0, True)
    assert lines["logs"]["source"] == lines["logs"]["from_files"] == 300


def test_a_source_has_a_sheet_of_its_own(engineer: Client, served: str) -> None:
    (sheet,) = engineer.get("/api/ledger/sources/", {"source": "access.log"}).json()
    assert (sheet["status"], sheet["came"], sheet["bronze"], sheet["absent"], sheet["is_closed"]) == (
        *("landed", 300, 300, 0),
        True,
    )
    assert sheet["good"] + sheet["quarantined"] == 300
    assert sum(sheet["reasons"].values()) >= sheet["quarantined"] > 0
    answer = engineer.get("/api/ledger/sources/", {"source": "acces.log"})
    assert answer.status_code == 404
    assert b"access.log" in answer.content


def test_every_reason_is_told_in_sentences(client: Client, served: str) -> None:
    reasons = {reason["name"]: reason for reason in client.get("/api/reasons/").json()}
    assert reasons["duplicate"] == {
        "name": "duplicate",
        "sentence": "A record with the same key and content came before.",
        "remedy": "Nothing to mend: it counts once.",
        "of": "record",
    }
    assert reasons["no_header"]["of"] == "file"
    assert client.get("/api/reasons/?limit=1").status_code == 400


def test_the_runs_are_put_together_from_start_and_end(engineer: Client, served: str) -> None:
    runs = engineer.get("/api/runs/").json()
    assert [(run["run_id"], run["status"]) for run in runs] == [
        ("run-0002", "succeeded"),
        ("run-0001", "failed"),
        ("run-0000", "interrupted"),
    ]
    assert runs[0]["seconds"] == 15.3
    assert runs[0]["counts"]["silver.logs"]["seconds"] == 1.2
    assert "make up" in runs[1]["error"]
    assert runs[2]["ended_at"] is None
    assert [run["run_id"] for run in engineer.get("/api/runs/?limit=1").json()] == ["run-0002"]


@pytest.mark.parametrize(
    "route",
    ["ledger/", "ledger/sources/?source=*", "runs/", "tables/gold.campaign_metrics/lineage/", "tables/silver.logs/"],
)
def test_what_is_below_gold_is_for_engineers(route: str, client: Client, engineer: Client, served: str) -> None:
    assert client.get(f"/api/{route}").status_code == 403
    assert engineer.get(f"/api/{route}").status_code == 200


@pytest.mark.parametrize("route", ["", "history/", "lineage/"])
@pytest.mark.parametrize("name", ["nope", "silver", "ledger.secrets", "..", "%2e%2e%2fetc", "silver.logs;"])
def test_an_unknown_table_is_404(name: str, route: str, engineer: Client, served: str) -> None:
    assert engineer.get(f"/api/tables/{name}/{route}").status_code == 404


@pytest.mark.parametrize(
    "route",
    [
        "tables/?x=1",
        "tables/logs/?limit=1",
        "tables/logs/history/?limit=0",
        "runs/?limit=1001",
        "runs/?limit=a",
        "ledger/?x",
        "ledger/sources/",
        "ledger/sources/?source=",
    ],
)
def test_a_parameter_that_cannot_be_used_is_400(route: str, engineer: Client, served: str) -> None:
    assert engineer.get(f"/api/{route}").status_code == 400


def test_a_lake_with_nothing_in_it_is_described_as_such(
    engineer: Client, scratch: str, serve_lake: Callable[[str], object]
) -> None:
    serve_lake(scratch)
    tables = engineer.get("/api/tables/").json()
    assert len(tables) == len(NAMES)
    assert not any(row["is_built"] or row["version"] is not None for row in tables)
    assert engineer.get("/api/runs/").json() == []
    for route in (
        "tables/silver.logs/",
        "tables/silver.logs/history/",
        "tables/gold.campaign_metrics/lineage/",
        "ledger/",
    ):
        assert engineer.get(f"/api/{route}").status_code == 503


def test_a_record_has_its_passport(engineer: Client, privileged: Client, served: str) -> None:
    name = engineer.get("/api/metrics/total-sales-per-product/records/", {"group": "Lamp S"}).json()[0]
    masked, whole = (client.get("/api/records/", name).json() for client in (engineer, privileged))
    assert masked["dataset"] == "transactions"
    assert masked["silver"]["product"] == whole["silver"]["product"] == "Lamp S"
    assert masked["gold"]["total_sales_per_product"]["produit"] == "Lamp S"
    assert masked["bronze"]["raw"] == masked["silver"]["client_name"] == masked["file"]["header"] == "***"
    assert whole["silver"]["client_name"] in whole["bronze"]["raw"]
    # A guess at the name could be tried on the hash.
    assert (masked["silver"]["content_hash"], masked["silver"]["key_hash"]) == ("***", "***")
    assert whole["run"]["job"] == "pipeline"


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("records/?source=a&source_id=b", 400),
        ("records/?source=a&source_id=b&position=-1", 400),
        ("records/?source=a&source_id=b&position=99999999999999999999", 400),
        ("records/?source=a&source_id=b&position=0", 404),
        ("metrics/total-sales-per-product/records/", 400),
        ("metrics/total-sales-per-product/records/?group=none", 404),
        ("metrics/nothing/records/?group=none", 404),
    ],
)
def test_a_record_that_is_not_there_is_told_so(
    path: str, code: int, engineer: Client, client: Client, served: str
) -> None:
    assert engineer.get(f"/api/{path}").status_code == code
    assert client.get(f"/api/{path}").status_code == 403
