"""Records judged again and tables taken back on the real HDFS and Kafka, by the commands that people type."""

import sys
from collections.abc import Iterator

import pytest
from chain import Chain, check, hadoop_conf, make_chain
from stack import RunningStack, make_stack, serving

from producers.plan import Plan

pytestmark = [pytest.mark.stack, pytest.mark.long]


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Services of these tests' own, whose topics nobody else sends to."""
    with serving(make_stack(tmp_path_factory.mktemp("own"))) as made:
        yield made


@pytest.fixture(scope="module")
def chain(own_stack: RunningStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A lake that two runs have filled."""
    with hadoop_conf(own_stack):
        made = make_chain(own_stack, "again", tmp_path_factory.mktemp("inbox"))
        for seed in (1, 2):
            made.files(300, seed, 0.05)
            made.messages(Plan("ad_campaigns", seed, 3000, 0.05))
            assert made.job().returncode == 0
        yield made


def test_rules_that_are_the_same_change_nothing(chain: Chain) -> None:
    told = chain.run(sys.executable, "jobs/quarantine.py", "transactions")
    assert told.returncode == 0, told.stderr
    assert "records are in quarantine" in told.stdout
    before, runs = chain.versions(), len(chain.runs())
    result = chain.run("jobs/submit.sh", "jobs/what_if.py")
    assert result.returncode == 0, result.stdout
    assert result.stdout.count("judged again, nothing changes") == 4
    assert result.stdout.count(": nothing changes") == 4
    assert (chain.versions(), len(chain.runs())) == (before, runs)
    result = chain.run("jobs/submit.sh", "jobs/replay.py", "transactions")
    assert result.returncode == 0, result.stdout
    assert chain.versions() == before
    check(chain)


def test_what_is_published_is_a_new_version_of_the_same(chain: Chain) -> None:
    before, answers = chain.versions(), chain.answers()
    result = chain.run("jobs/submit.sh", "jobs/what_if.py", "ad_campaigns", "--publish")
    assert result.returncode == 0, result.stdout
    changed = {name for name, version in chain.versions().items() if version != before[name]}
    assert changed == {"silver.ad_campaigns", "gold.campaign_metrics"}
    assert chain.answers() == answers
    check(chain)


def test_all_tables_go_back_to_before_a_run_and_come_again(chain: Chain) -> None:
    answers = chain.answers()
    chain.files(200, 3, 0.05)
    chain.messages(Plan("ad_campaigns", 3, 2000, 0.05))
    result = chain.job()
    assert result.returncode == 0, result.stdout
    run_id = chain.run(sys.executable, "jobs/runs.py", "--limit", "1").stdout.splitlines()[2].split()[5]
    result = chain.run(sys.executable, "jobs/restore.py", "run", run_id)
    assert result.returncode == 0, result.stderr
    assert chain.answers() == answers
    result = chain.job()
    assert result.returncode == 0, result.stdout
    check(chain)
    assert chain.runs()[-3:] == [("restore", "succeeded"), ("pipeline", "started"), ("pipeline", "succeeded")]


def test_a_record_is_traced_from_gold(chain: Chain) -> None:
    members = chain.run(sys.executable, "jobs/passport.py", "group", "status_code_counts", "200")
    assert members.returncode == 0, members.stderr
    source, source_id, position = members.stdout.splitlines()[0].rsplit(" ", 2)
    told = chain.run(sys.executable, "jobs/passport.py", "record", source, source_id, position)
    assert told.returncode == 0, told.stderr
    assert "status_code_counts: status_code 200" in told.stdout
