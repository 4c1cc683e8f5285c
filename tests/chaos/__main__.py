"""Kill jobs, the store and the broker at random while records come in: `make chaos [ROUNDS=50] [SEED=1] [PROFILE=s3]`.

Jobs of all modes are killed, ended by Ctrl-C or left to end; services are killed and frozen meanwhile; the temporary
folder and HDFS have no room now and then. In the end everything that was sent must be in the lake, once, and the four
metrics equal to plain Python. SABOTAGE=offsets or append runs a pipeline with a fault put in, and must fail.
"""

import argparse
import sys
from collections import Counter

from bench.options import whole
from bench.place import running
from chain import hadoop_conf, make_chain

from chaos.strikes import SERVICES, rounds
from chaos.verdict import doubled, faults
from chaos.world import ChaosError, World
from docker.native.console import run
from lakehouse.logs import say


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--rounds", type=whole, default=50, help="how many jobs run (default: 50)")
    parser.add_argument("--minutes", type=whole, help="end after so many minutes, however many rounds are left")
    parser.add_argument("--seed", type=int, default=1, help="what is struck and when (default: 1)")
    parser.add_argument("--profile", choices=SERVICES, default="laptop", help="what the lake is on (default: laptop)")
    parser.add_argument("--sabotage", choices=("offsets", "append"), help="run a pipeline with a fault")
    return parser.parse_args()


def play(world: World, asked: argparse.Namespace) -> list[str]:
    """Play the rounds and settle; return what is wrong then. A sabotaged world ends as soon as something is."""
    try:
        world.begin()
        for round_ in rounds(asked.seed, asked.rounds, asked.profile):
            if asked.minutes and world.now > asked.minutes * 60:
                break
            world.play(round_)
            if world.sabotage and doubled(world.chain):
                return list(faults(world.chain))
        world.settle()
    except ChaosError as error:
        return [str(error)]
    return list(faults(world.chain))


def main() -> None:
    """Play, print the verdict, and end with 1 where a record is lost or doubled or a number wrong."""
    asked = parse()
    with running("chaos", PROFILE=asked.profile) as stack, hadoop_conf(stack):
        world = World(make_chain(stack, "chaos", stack.settings.stack_home / "inbox"), asked.sabotage)
        found = play(world, asked)
        for (what, mode), count in sorted(Counter((kill.what, kill.mode) for kill in world.kills).items()):
            steps = Counter(kill.step for kill in world.kills if (kill.what, kill.mode) == (what, mode))
            told = ", ".join(f"{step} {times}" for step, times in steps.most_common())
            say(f"{count:4} kills of {what} during {mode}, after {told}")
        struck = f"{len(world.kills)} kills, {world.freezes} freezes, {world.full} full disks in {world.now:.0f} s"
        if found:
            say("\n".join([f"{struck}: NOT EXACT", *found[:20]]))
            sys.exit(1)
        sent = sum(map(len, world.chain.sent.records.values()))
        say(f"{struck}: {sent:,} good records sent, 0 lost, 0 doubled, the four metrics equal to plain Python")


if __name__ == "__main__":
    run(main)
