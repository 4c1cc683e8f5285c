"""From a number of gold back to files and offsets."""

from collections.abc import Callable
from pathlib import Path

import pytest
import sample_lake as maker
from django.test import Client
from empty_lake import make_empty

from lakehouse.lake import Lake, scan, schemas
from lakehouse.lake.state import State
from lakehouse.metrics import METRICS


@pytest.fixture
def own(scratch: str, serve_lake: Callable[[str], object]) -> str:
    """A lake that the test may change, served."""
    maker.copy(scratch, rows=60)
    serve_lake(scratch)
    return scratch


@pytest.mark.parametrize("metric", METRICS)
def test_gold_leads_to_the_silver_version_in_its_commit_and_to_every_source(
    metric: str, engineer: Client, served: str
) -> None:
    answer = engineer.get(f"/api/tables/gold.{metric}/lineage/").json()
    dataset = METRICS[metric].dataset
    assert [step["table"] for step in answer["steps"]] == [f"gold.{metric}", f"silver.{dataset}"]
    assert answer["steps"][0]["run_id"] == "run-0002"
    assert sum(source["records"] for source in answer["sources"]) == 300
    sides = scan.rows_by_partition(Lake(served).open(f"silver.{dataset}"))
    assert sum(source["good"] for source in answer["sources"]) == sides[False]
    assert answer["sources_in_all"] == len(answer["sources"])


def test_a_file_is_shown_with_what_the_ledger_knows_and_a_topic_with_its_offsets(engineer: Client, served: str) -> None:
    answer = engineer.get("/api/tables/gold.total_sales_per_product/lineage/").json()
    file, topic = answer["sources"]
    assert (file["kind"], file["source"], file["first_position"], file["last_position"]) == (
        "file",
        "transactions_2024.csv",
        0,
        239,
    )
    assert file["landed"]["records"] == 240
    assert file["landed"]["name"] == "transactions_2024.csv"
    assert (topic["kind"], topic["source"], topic["source_id"]) == ("topic", "transactions_topic", "0")
    assert (topic["first_position"], topic["last_position"], topic["landed"]) == (0, 59, None)


def test_gold_of_an_older_silver_version_shows_the_sources_of_that_version(engineer: Client, own: str) -> None:
    before = engineer.get("/api/tables/gold.campaign_metrics/lineage/").json()
    silver = Lake(own).open("silver.ad_campaigns")
    data = scan.read(silver)
    from deltalake import write_deltalake

    write_deltalake(Lake(own).address("silver.ad_campaigns"), data, mode="append", partition_by=["quarantined"])
    assert engineer.get("/api/tables/gold.campaign_metrics/lineage/").json() == before
    assert engineer.get("/api/tables/silver.ad_campaigns/lineage/").json()["sources"][0]["records"] == 120


def test_commits_that_only_tidy_up_do_not_hide_where_gold_came_from(engineer: Client, own: str) -> None:
    maker.write_gold(own, "campaign_metrics", [], 1)
    before = engineer.get("/api/tables/gold.campaign_metrics/lineage/").json()
    Lake(own).open("gold.campaign_metrics").vacuum(0, dry_run=False, enforce_retention_duration=False)
    after = engineer.get("/api/tables/gold.campaign_metrics/lineage/").json()
    assert after["steps"][0]["version"] > before["steps"][0]["version"]
    assert after["steps"][0]["run_id"] == before["steps"][0]["run_id"]
    assert after["sources"] == before["sources"]


def test_a_silver_version_that_is_not_there_any_more_is_404(engineer: Client, own: str) -> None:
    maker.write_gold(own, "campaign_metrics", [], 99)
    answer = engineer.get("/api/tables/gold.campaign_metrics/lineage/")
    assert answer.status_code == 404
    assert "Version 99 of silver.ad_campaigns" in answer.json()["detail"]


def test_a_silver_table_that_was_made_anew_is_not_taken_for_the_one_behind_gold(
    engineer: Client, own: str, tmp_path: Path
) -> None:
    (tmp_path / "lake/silver/ad_campaigns").rename(tmp_path / "old")
    lake = Lake(own)
    lake.make_tables()
    maker.write(lake, schemas.tables()["silver.ad_campaigns"], [{"quarantined": False, "source": "x"}], State(batch=1))
    answer = engineer.get("/api/tables/gold.campaign_metrics/lineage/")
    assert answer.status_code == 404
    assert "silver.ad_campaigns was made anew" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["silver.logs", "quarantine.logs", "bronze.logs"])
def test_the_layers_below_lead_to_their_sources_too(name: str, engineer: Client, served: str) -> None:
    answer = engineer.get(f"/api/tables/{name}/lineage/").json()
    assert [source["source"] for source in answer["sources"]] == ["access.log"]
    assert [step["run_id"] for step in answer["steps"]] == ["run-0002"]


def test_gold_that_was_never_computed_has_no_lineage_yet(
    engineer: Client, scratch: str, serve_lake: Callable[[str], object]
) -> None:
    make_empty(scratch)
    serve_lake(scratch)
    assert engineer.get("/api/tables/gold.campaign_metrics/lineage/").status_code == 503


def test_the_ledger_is_where_lineage_ends(engineer: Client, served: str) -> None:
    assert engineer.get("/api/tables/ledger.files/lineage/").status_code == 404
