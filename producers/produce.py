"""Send simulated records as JSON messages to their topics.

    PYTHONPATH=jobs python -m producers.produce --datasets ad_campaigns --rows 16000 --seed 42 --errors 0.02

The topics are made where they are missing. What was sent for a seed is not sent again: the messages on the topic say
which records they are (see `sent`), so an interrupted run is finished by the same command. `--follow` goes on with new
records until Ctrl-C. With `--skip 1000 --repeats 20` the messages follow those of a file of 1,000 records of the same
seed and share of errors, and 20 of them say once more what stands in it.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event

from tqdm import tqdm

from lakehouse import logs, settings
from lakehouse.errors import LakehouseError
from producers import brokers, options
from producers.generators import DATASETS
from producers.plan import Plan
from producers.sending import Delivery, Outcome, paced
from producers.sent import already_sent

FOLLOW_RATE = 10.0


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description="Send simulated records as JSON messages to their topics.")
    options.add_shared(parser, ("ad_campaigns",))
    parser.add_argument("--skip", type=options.natural, default=0, help="records that are in a file of the same seed")
    parser.add_argument("--repeats", type=options.natural, default=0, help="messages that repeat good ones of these")
    parser.add_argument("--rate", type=options.positive, help="messages a second per dataset (default: no limit)")
    parser.add_argument(
        "--follow", action="store_true", help=f"send new records until Ctrl-C, {FOLLOW_RATE:g} a second unless told"
    )
    parser.add_argument(
        "--prefix", default="", help="put before the topics' names, to try something beside the real ones"
    )
    return parser.parse_args(arguments)


def plans(chosen: argparse.Namespace) -> list[Plan]:
    """Return what is to be sent of each chosen dataset."""
    found = []
    for name in dict.fromkeys(chosen.datasets):
        rows = None if chosen.follow else DATASETS[name].rows if chosen.rows is None else chosen.rows
        found.append(Plan(name, chosen.seed, rows, chosen.errors, chosen.skip, chosen.repeats, chosen.prefix))
    return found


def send(servers: str, plan: Plan, limit: int, rate: float | None, stop: Event, position: int = 0) -> Outcome:
    """Send what is not yet on the topic of a plan, with a progress bar on a terminal, and return what became of it.

    `limit` is the size in bytes of the largest message that the topic takes.

    Raises ServiceError where the broker does not answer.
    """
    known = already_sent(servers, plan.topic, plan.seed)
    outcome = Outcome(known=len(known))
    done = min(len(known), plan.rows or 0)
    with tqdm(
        total=plan.rows, initial=done, desc=plan.topic, unit=" messages", position=position, leave=False, disable=None
    ) as bar:
        delivery = Delivery(servers, plan.topic, limit, plan.seed, stop, outcome, bar.update)
        delivery.run(paced(plan.messages(without=known), rate, stop))
    return outcome


def send_all(servers: str, todo: Sequence[Plan], rate: float | None, stop: Event) -> dict[str, Outcome]:
    """Send every plan in a thread of its own and return the outcomes by dataset; one that fails stops the others."""
    limits = brokers.ensure_topics(servers, [plan.topic for plan in todo])
    with ThreadPoolExecutor(len(todo)) as pool:
        futures: dict[str, Future[Outcome]] = {
            plan.dataset: pool.submit(send, servers, plan, limits[plan.topic], rate, stop, position)
            for position, plan in enumerate(todo)
        }
        for future in futures.values():
            future.add_done_callback(lambda done: stop.set() if done.exception() else None)
        while wait(futures.values(), timeout=0.2).not_done:
            pass  # woken now and then, so that a signal is seen
    return {name: future.result() for name, future in futures.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Send the messages, tell about each topic in a line, and return the exit code: 1 where any was refused."""
    chosen = parse(arguments)
    brokers.quiet()
    stop, interrupted = Event(), Event()

    def stop_sending(*_: object) -> None:
        interrupted.set()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop_sending)
    try:
        servers = settings.load().kafka
        rate = chosen.rate or (FOLLOW_RATE if chosen.follow else None)
        todo = plans(chosen)
        outcomes = send_all(servers, todo, rate, stop)
    except LakehouseError as e:
        logs.tell("produce", e)
        return e.exit_code
    for plan in todo:
        _tell(plan, outcomes[plan.dataset])
    if interrupted.is_set() and not chosen.follow:
        logs.tell("produce", "stopped; the same command sends the rest")
        return 130
    return 1 if any(outcome.too_large for outcome in outcomes.values()) else 0


def _tell(plan: Plan, outcome: Outcome) -> None:
    counts = f"{outcome.acknowledged:>9,} acknowledged {outcome.known:>9,} there before"
    logs.say(f"{plan.dataset:<13}{counts}  {plan.topic}")
    for name in outcome.too_large:
        logs.tell("produce", f"over the broker's limit, passed over: {name}")
    if outcome.too_large:
        logs.tell("produce", f"{len(outcome.too_large):,} messages of {plan.dataset} were not sent")


if __name__ == "__main__":
    sys.exit(main())
