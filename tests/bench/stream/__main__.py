"""How soon an event is a metric, and whether a stream stays well: `make bench-stream [MINUTES=15] [RATE=500]`.

A stack of its own with the API, `jobs/pipeline.py --continuous` every second, RATE events a second and a file of each
kind a minute. It ends with 1 where a bar does not hold.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from stack import RunningStack

from bench import answers, duck
from bench.answers import Answers
from bench.options import whole
from bench.place import BenchError, command, running
from bench.sources import EVENT_DATASET
from bench.stream.bars import Outcome, bars
from bench.stream.client import Client
from bench.stream.feed import Feed, Files
from bench.stream.follow import Follower
from bench.stream.job import streaming
from bench.stream.probes import open_probes
from docker.native.console import progress, run
from lakehouse.logs import say
from producers import brokers
from producers.generators import DATASETS


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.stream", description=__doc__)
    parser.add_argument("--minutes", type=whole, default=15, help="how long events are sent (default: 15)")
    parser.add_argument("--rate", type=whole, default=500, help="events a second (default: 500)")
    return parser.parse_args(arguments)


def start_api(stack: RunningStack) -> Client:
    """Start the API, make a user, and return a client that has logged in."""
    user = stack.settings.stack_home / "user.json"
    words = ["create_user", "--username", "probe", "--random-password", "--write", str(user)]
    done = stack.run(sys.executable, "api/manage.py", *words)
    if done.returncode:
        raise BenchError(f"The user of the API could not be made:\n{done.stderr}")
    command(stack, "start-api")
    return Client(stack.settings.ports["API_PORT"], user)


@contextmanager
def following(stack: RunningStack, client: Client, minutes: int, rate: int) -> Iterator[Follower]:
    """Give a follower of a stream that has just been started under load; all of it is ended at the end."""
    home, servers = stack.settings.stack_home, stack.settings.kafka
    topic = DATASETS[EVENT_DATASET].dataset.topic
    with ExitStack() as cleanup:
        files = Files(home / "staged", Path(stack.settings.inbox), minutes)
        cleanup.callback(files.remove)
        probes = open_probes(servers, topic)
        cleanup.callback(probes.close)
        pool = cleanup.enter_context(ThreadPoolExecutor(2))
        feed = Feed(servers, rate, pool)
        cleanup.callback(feed.stop.set)
        show = cleanup.enter_context(progress("stream"))
        job = cleanup.enter_context(streaming(stack, home / "stream.log"))
        yield Follower(stack, job, client, feed, files, probes, pool, show)


def catch_up(stack: RunningStack) -> None:
    """Run the chain once, so that what came late is told from what was lost; raises BenchError where that fails."""
    done = stack.run("jobs/submit.sh", "jobs/pipeline.py", timeout=600)
    if done.returncode:
        raise BenchError(f"The chain failed after the stream:\n{done.stdout[-2000:]}")


def wanted(stack: RunningStack, of: Follower) -> Answers:
    """Return the metrics over all that was sent: those of the files by DuckDB, the campaigns' by adding up."""
    sums = of.feed.sums() | of.probes.sums
    events = stack.settings.stack_home / "campaigns.jsonl"
    names = ("campaign_id", "clicks", "impressions")
    with events.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(dict(zip(names, (key, *pair), strict=True))) + "\n" for key, pair in sums.items())
    found: Answers = json.loads(json.dumps(duck.metrics(str(stack.settings.inbox), str(events))))
    return found


def stream(stack: RunningStack, minutes: int, rate: int) -> Outcome:
    """Keep a stream under load for so many minutes, end it, and return what it gave."""
    client = start_api(stack)
    with following(stack, client, minutes, rate) as of:
        of.load(minutes)
        lag = of.drain()
        ending = of.job.interrupt()
        if ending == math.inf:
            say(f"  Ctrl-C did not end the stream well; its last lines:\n{of.job.last_lines()}")
    client.close()
    if lag == math.inf:
        say("  The stream was behind; the chain runs once more to tell what is late from what is lost.")
        catch_up(stack)
    lost = list(answers.differences(wanted(stack, of), answers.of_lake(stack, stack.settings.lake)))
    for line in lost:
        say(f"  {line}")
    balance = stack.run(sys.executable, "jobs/balance.py")
    say(f"\n{balance.stdout}{balance.stderr}".rstrip())
    lines = of.job.lines()
    waits = of.probes.seconds()
    return Outcome(of.first_result, waits, of.samples, lag, ending, lost, balance.returncode == 0, lines)


def main() -> None:
    """Stream, print the bars, and end with 1 where one does not hold."""
    chosen = parse()
    brokers.quiet()
    with running("stream", STREAM_INTERVAL="1") as stack:
        say(f"{chosen.rate} events a second for {chosen.minutes} min, a file of each kind a minute, interval 1 s")
        outcome = stream(stack, chosen.minutes, chosen.rate)
    lines = list(bars(outcome))
    say("\n" + "\n".join(map(str, lines)))
    sys.exit(int(any(line.is_missed for line in lines)))


if __name__ == "__main__":
    run(main)
