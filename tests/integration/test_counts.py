"""What a run does, counted: Spark jobs and commits do not depend on the machine, as times do."""

import subprocess
from collections.abc import Sequence

import pytest
from bench.counts import Counts, counted_pipeline
from chain import Chain, make_chain
from stack import RunningStack

from producers.plan import Plan

pytestmark = pytest.mark.stack

DATASETS = ("transactions", "logs", "social_data", "ad_campaigns")
METRICS = ("total_sales_per_product", "status_code_counts", "avg_likes_per_product", "campaign_metrics")
MOST_JOBS = 20


@pytest.fixture(scope="module")
def chain(stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(stack, "counts", tmp_path_factory.mktemp("inbox"))


def pipeline(chain: Chain) -> Counts:
    def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return chain.run(*command)

    return counted_pipeline(chain.settings, run)


def test_a_run_with_new_data_commits_once_a_step(chain: Chain) -> None:
    chain.files(1000, 42)
    chain.messages(Plan("ad_campaigns", 42, 1000))
    counts = pipeline(chain)
    # Other tests of the same stack may have left messages on the topics.
    assert 0 < counts.jobs <= MOST_JOBS
    # The making of a table is a commit of its own, and files and messages come into bronze by one each.
    assert {name: counts.commits[f"silver.{name}"] for name in DATASETS} == dict.fromkeys(DATASETS, 2)
    assert {name: counts.commits[f"gold.{name}"] for name in METRICS} == dict.fromkeys(METRICS, 2)
    assert all(1 < counts.commits[f"bronze.{name}"] <= 3 for name in DATASETS)


def test_a_run_with_nothing_new_starts_no_spark_job_and_commits_nothing(chain: Chain) -> None:
    counts = pipeline(chain)
    assert counts.jobs == 0
    assert counts.of("bronze", "silver", "gold") == 0
