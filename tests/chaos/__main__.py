"""Kill jobs, NameNode, DataNode and broker at random while records come in: `make chaos [ROUNDS=50] [SEED=1]`.

Then everything that was sent must be in the lake, once, and the four metrics equal to plain Python. SABOTAGE=1 runs a
pipeline with a fault put in, and must fail.
"""

import argparse
import sys
import time

from bench.options import whole
from bench.place import running
from chain import hadoop_conf, make_chain

from chaos.strikes import rounds
from chaos.verdict import faults
from chaos.world import ChaosError, World
from docker.native.console import run, say


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--rounds", type=whole, default=50, help="how often something is struck (default: 50)")
    parser.add_argument("--minutes", type=whole, help="end after so many minutes, however many rounds are left")
    parser.add_argument("--seed", type=int, default=1, help="what is struck and when (default: 1)")
    parser.add_argument("--sabotage", action="store_true", help="run a pipeline with a fault, which must be seen")
    return parser.parse_args()


def main() -> None:
    """Play the rounds, settle, and end with 1 where a record is lost or doubled or a number wrong."""
    asked, started = parse(), time.monotonic()
    with running("chaos") as stack, hadoop_conf(stack):
        world = World(make_chain(stack, "chaos", stack.settings.stack_home / "inbox"), asked.sabotage)
        for round_ in rounds(asked.seed, asked.rounds):
            if asked.minutes and time.monotonic() - started > asked.minutes * 60:
                break
            say(f"  {time.monotonic() - started:6.0f} s  {round_}")
            world.play(round_)
        struck = f"{world.kills} kills, {world.freezes} freezes"
        try:
            world.settle()
            found = list(faults(world.chain))
        except ChaosError as error:
            found = [str(error)]
        if found:
            say("\n".join([f"{struck}: NOT EXACT", *found[:20]]))
            sys.exit(1)
        sent = sum(map(len, world.chain.sent.records.values()))
        say(f"{struck}: {sent:,} good records sent, 0 lost, 0 doubled, the four metrics equal to plain Python")


if __name__ == "__main__":
    run(main)
