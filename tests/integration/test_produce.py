"""produce.py on the real broker: every record once, however often it is run and wherever it was stopped."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import termios
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from stack import RunningStack, free_ports

from lakehouse.settings import ROOT
from producers import brokers, files, produce
from producers.plan import Message, Plan
from producers.sending import Delivery, Outcome
from producers.sent import HEADER, already_sent

pytestmark = pytest.mark.stack


@pytest.fixture
def prefix(request: pytest.FixtureRequest, stack: RunningStack) -> Iterator[str]:
    """Give topics of the test's own, so that other tests on the same broker do not meet its messages."""
    own = f"{request.node.originalname}."
    yield own
    admin = KafkaAdminClient(bootstrap_servers=stack.settings.kafka)
    if made := [topic for topic in admin.list_topics() if topic.startswith(own)]:
        admin.delete_topics(made)
    admin.close()


def command(*options: object) -> list[str]:
    return [sys.executable, "-m", "producers.produce", *map(str, options)]


def read(stack: RunningStack, topic: str) -> list[Any]:
    """Return all messages of a topic, partition by partition."""
    consumer = KafkaConsumer(bootstrap_servers=stack.settings.kafka, group_id=None, auto_offset_reset="earliest")
    try:
        partitions = [TopicPartition(topic, n) for n in sorted(consumer.partitions_for_topic(topic) or ())]
        ends = consumer.end_offsets(partitions)
        consumer.assign(partitions)
        messages: list[Any] = []
        while any(consumer.position(p) < end for p, end in ends.items()):
            messages += [m for batch in consumer.poll(timeout_ms=500).values() for m in batch]
        return messages
    finally:
        consumer.close()


def numbers(messages: list[Any]) -> list[int]:
    return sorted(int(dict(m.headers)[HEADER].split(b":")[1]) for m in messages)


def test_what_was_sent_is_not_sent_again_and_is_what_was_planned(stack: RunningStack, prefix: str) -> None:
    options = ("--rows", 700, "--seed", 5, "--errors", 0.1, "--prefix", prefix)
    first, second = (stack.run(*command(*options)) for _ in range(2))
    plan = Plan("ad_campaigns", 5, 700, 0.1, prefix=prefix)
    messages = read(stack, plan.topic)
    expected = {m.index: (m.key, m.value) for m in plan.messages()}
    assert (first.returncode, second.returncode) == (0, 0)
    assert (first.stderr, second.stderr) == ("", "")
    assert first.stdout.split()[:5] == ["ad_campaigns", "700", "acknowledged", "0", "there"]
    assert second.stdout.split()[:5] == ["ad_campaigns", "0", "acknowledged", "700", "there"]
    assert numbers(messages) == list(range(700))
    assert {int(dict(m.headers)[HEADER].split(b":")[1]): (m.key, m.value) for m in messages} == expected
    assert None in {m.value for m in messages}


def test_a_campaign_stays_in_its_partition_in_order_and_all_three_are_used(stack: RunningStack, prefix: str) -> None:
    plan = Plan("ad_campaigns", 5, 600, prefix=prefix)
    produce.send_all(stack.settings.kafka, [plan], None, Event())
    messages = read(stack, plan.topic)
    assert {m.partition for m in messages} == {0, 1, 2}
    homes = {(json.loads(m.value)["campaign_id"], m.partition) for m in messages}
    assert len(homes) == len({campaign for campaign, _ in homes})
    for partition in range(3):
        order = [int(dict(m.headers)[HEADER].split(b":")[1]) for m in messages if m.partition == partition]
        assert order == sorted(order)


def test_datasets_go_side_by_side_and_seeds_do_not_hide_each_other(stack: RunningStack, prefix: str) -> None:
    servers = stack.settings.kafka
    for seed in (1, 2):
        todo = [Plan(name, seed, 120, prefix=prefix) for name in ("transactions", "logs", "social_data")]
        outcomes = produce.send_all(servers, todo, None, Event())
        assert {name: (o.acknowledged, o.known) for name, o in outcomes.items()} == dict.fromkeys(outcomes, (120, 0))
    for plan in todo:
        assert len(read(stack, plan.topic)) == 240
        assert already_sent(servers, plan.topic, 1) == already_sent(servers, plan.topic, 2) == set(range(120))
        assert already_sent(servers, plan.topic, 3) == set()


def test_a_killed_run_is_finished_by_the_same_command_without_doubles(stack: RunningStack, prefix: str) -> None:
    options = command("--rows", 3000, "--prefix", prefix)
    plan = Plan("ad_campaigns", 42, 3000, prefix=prefix)
    process = subprocess.Popen([*options, "--rate", "1000"], cwd=ROOT, env=stack.environ)
    wait_for_messages(stack, plan.topic, process)
    process.kill()
    process.wait()
    before = len(read(stack, plan.topic))
    finished = stack.run(*options)
    assert 0 < before < 3000
    assert finished.returncode == 0, finished.stderr
    assert f"{3000 - before:,} acknowledged" in finished.stdout
    assert numbers(read(stack, plan.topic)) == list(range(3000))


@pytest.mark.parametrize(("options", "code"), [(["--follow", "--rate", "200"], 0), (["--rate", "200"], 130)])
def test_ctrl_c_ends_cleanly_with_a_summary_and_nothing_is_doubled(
    stack: RunningStack, prefix: str, options: list[str], code: int
) -> None:
    own = f"{prefix}{code}."
    topic = f"{own}ad_campaigns_topic"
    for _ in range(2):
        start = len(read(stack, topic))
        process = subprocess.Popen(
            command(*options, "--prefix", own),
            cwd=ROOT,
            env=stack.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_for_messages(stack, topic, process, start)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        there = read(stack, topic)
        assert process.returncode == code
        assert "Traceback" not in err
        assert f"{len(there) - start:,} acknowledged {start:>9,} there before" in out
        assert numbers(there) == list(range(len(there)))


def wait_for_messages(stack: RunningStack, topic: str, process: "subprocess.Popen[Any]", more_than: int = 0) -> None:
    deadline = time.monotonic() + 30
    while len(read(stack, topic)) <= more_than:
        assert process.poll() is None, "it ended before it was to be stopped"
        assert time.monotonic() < deadline


def test_messages_after_a_file_repeat_as_many_of_its_good_records_as_asked(
    stack: RunningStack, prefix: str, tmp_path: Path
) -> None:
    file = files.write(tmp_path, "transactions", 200, 9, 0.05).path
    plan = Plan("transactions", 9, 60, 0.05, skip=200, repeats=20, prefix=prefix)
    produce.send_all(stack.settings.kafka, [plan], None, Event())
    messages = read(stack, plan.topic)
    with file.open(encoding="utf-8", errors="surrogateescape", newline="") as text:
        rows = {row["TransactionID"]: row for row in csv.DictReader(text) if len(row["TransactionID"] or "") == 36}
    repeated = [json.loads(m.value) for m in messages if m.key.decode() in rows]
    assert len(messages) == 60
    assert len(repeated) == 20
    for message in repeated:
        row = rows[message["TransactionID"]]
        assert {k: v for k, v in row.items() if k not in ("UnitPrice", "Amount")} == {
            k: str(v) for k, v in message.items() if k not in ("UnitPrice", "Amount")
        }
        assert [f"{message[k]:.2f}" for k in ("UnitPrice", "Amount")] == [row["UnitPrice"], row["Amount"]]


def test_a_message_over_the_limit_is_named_and_the_others_arrive(stack: RunningStack, prefix: str) -> None:
    plan = Plan("ad_campaigns", 42, 0, prefix=prefix)
    limit = brokers.ensure_topics(stack.settings.kafka, [plan.topic])[plan.topic]
    small = [Message(index, b"key", b'{"n": %d}' % index) for index in range(100)]
    large = [Message(100, b"key", b"x" * 2_000_000), Message(101, b"key", b"x" * 60_000_000)]
    outcome = Outcome()
    delivery = Delivery(stack.settings.kafka, plan.topic, limit, 42, Event(), outcome, lambda: None)
    delivery.run([*small[:50], *large, *small[50:]])
    assert outcome.acknowledged == 100
    assert sorted(outcome.too_large) == [
        f"{plan.topic} record {index} of seed 42 ({size:,} bytes)"
        for index, size in ((100, 2_000_000), (101, 60_000_000))
    ]
    assert numbers(read(stack, plan.topic)) == list(range(100))


def test_refused_messages_are_counted_and_the_command_ends_with_one(stack: RunningStack, prefix: str) -> None:
    plan = Plan("logs", 42, 200, prefix=prefix)
    limit = 420
    admin = KafkaAdminClient(bootstrap_servers=stack.settings.kafka)
    admin.create_topics({plan.topic: {"num_partitions": 3, "configs": {"max.message.bytes": str(limit)}}})
    admin.wait_for_topics([plan.topic])
    admin.close()
    run = stack.run(*command("--datasets", "logs", "--rows", 200, "--prefix", prefix))
    arrived = len(read(stack, plan.topic))
    assert run.returncode == 1
    assert 0 < arrived < 200
    assert f"{arrived} acknowledged" in run.stdout
    assert f"{200 - arrived} messages of logs were not sent" in run.stderr
    assert Counter(line.split(":")[1] for line in run.stderr.splitlines())[" over the broker's limit, passed over"] == (
        200 - arrived
    )


def test_a_broker_that_is_away_is_named_within_a_minute_without_a_stack_trace(stack: RunningStack) -> None:
    address = f"localhost:{free_ports(1)[0]}"
    began = time.monotonic()
    environ = {**stack.environ, "KAFKA_BOOTSTRAP_SERVERS": address}
    run = subprocess.run(command(), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 1
    assert run.stderr.startswith(f"produce: Kafka at {address} does not answer")
    assert "make up" in run.stderr
    assert "Traceback" not in run.stderr
    assert time.monotonic() - began < 60


def test_a_terminal_sees_progress(stack: RunningStack, prefix: str) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    options = command("--rows", 300, "--rate", 300, "--prefix", prefix)
    subprocess.run(options, cwd=ROOT, env=stack.environ, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.set_blocking(ours, False)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    os.close(theirs)
    assert f"{prefix}ad_campaigns_topic" in shown
    assert "/300" in shown
