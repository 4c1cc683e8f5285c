"""A table of a database through the whole chain as processes: killed at points of it, exact; the password nowhere."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from chain import Chain, hadoop_conf, make_chain
from postgres_shop import PASSWORD, USER, Shop
from stack import RunningStack

from lakehouse import crash
from lakehouse.lake import ledger, scan
from lakehouse.lake.schemas import tables
from lakehouse.settings import ROOT

pytestmark = [pytest.mark.stack, pytest.mark.long, pytest.mark.profile]

NAME = "transactions"
# Around all that a reading changes: the slot, bronze, and the slot again.
FIRST = ("source.before_slot", "source.after_slot", f"bronze.{NAME}.before_commit")
LATER = (
    f"bronze.{NAME}.after_data",
    f"bronze.{NAME}.after_commit",
    "source.before_advance",
    "source.after_advance",
    f"silver.{NAME}.before_commit",
    f"silver.{NAME}.after_commit",
)


@pytest.fixture
def chain(stack: RunningStack, shop: Shop, tmp_path: Path) -> Iterator[Chain]:
    """Give a chain whose commands know the shop, and find its password in a file."""
    shop.ready()
    passwords = tmp_path / "pgpass"
    passwords.touch(mode=0o600)
    passwords.write_text(f"127.0.0.1:*:*:{USER}:{PASSWORD}\n")
    with hadoop_conf(stack):
        made = make_chain(stack, shop.name, tmp_path / "inbox")
        made.environ.pop("PGPASSWORD", None)
        made.environ.update(shop.environ(), PGPASSFILE=str(passwords), STREAM_INTERVAL="1")
        yield made


def sales(chain: Chain) -> dict[object, object]:
    return chain.answers()["total_sales_per_product"]


def killed(chain: Chain, point: str) -> str:
    result = chain.job(**{crash.VARIABLE: point})
    assert result.returncode != 0, f"{point} was not reached: {result.stdout}"
    assert "Traceback" not in result.stdout
    return result.stdout


def is_closed(chain: Chain) -> bool:
    return all(line.is_closed and not line.waiting for line in ledger.balance(chain.lake))


def seen_in_processes(chain: Chain) -> list[str]:
    """Run the pipeline; return the command lines and environments of its processes that hold the password."""
    found = list[str]()
    with chain.start("jobs/submit.sh", "jobs/pipeline.py") as process:
        head = psutil.Process(process.pid)
        while process.poll() is None:
            # A process may end while it is looked at.
            with contextlib.suppress(psutil.Error):
                for one in (head, *head.children(recursive=True)):
                    words = [*one.cmdline(), *(f"{name}={value}" for name, value in one.environ().items())]
                    found += [word for word in words if PASSWORD in word]
            time.sleep(0.05)
    assert process.returncode == 0
    return found


def files_with(folder: Path, text: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and text in path.read_bytes()]


def test_a_chain_killed_at_each_step_is_exact_and_the_password_is_nowhere(chain: Chain, shop: Shop) -> None:
    shop.sell("T1", "T2", "T3")
    output = "".join(killed(chain, point) for point in FIRST)
    assert seen_in_processes(chain) == []
    assert sales(chain) == shop.totals()
    for number, point in enumerate(LATER):
        shop.sell(f"N{number}", product="Chair")
        shop.set("T1", f"{number}.50")
        if number % 2:
            shop.delete(f"N{number - 1}")
        output += killed(chain, point)
    result = chain.job()
    assert result.returncode == 0, result.stdout
    assert sales(chain) == shop.totals()
    assert is_closed(chain)
    wrong = chain.job(PGPASSFILE="/dev/null", PGPASSWORD=f"not-{PASSWORD}")
    assert wrong.returncode == 1
    assert f"PostgreSQL at 127.0.0.1:{shop.server.port}" in wrong.stdout
    shown = chain.job(POSTGRES_URL=f"postgresql://{USER}:{PASSWORD}@127.0.0.1/shop")
    assert shown.returncode == 2
    output += result.stdout + wrong.stdout + wrong.stderr + shown.stdout + shown.stderr
    assert PASSWORD not in output
    rows = (str(scan.read(chain.lake.open(name)).to_pylist()) for name in tables())
    assert not [text[:100] for text in rows if PASSWORD in text]
    assert files_with(chain.stack.settings.stack_home, PASSWORD.encode()) == []


def test_a_change_is_in_gold_while_a_stream_runs_and_a_killed_one_leaves_no_trace(chain: Chain, shop: Shop) -> None:
    shop.sell("T1", "T2")
    assert chain.job().returncode == 0
    process = subprocess.Popen(
        ["jobs/submit.sh", "jobs/pipeline.py", "--continuous"], env=chain.environ, cwd=ROOT,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        for number in range(3):
            shop.set("T1", f"{20 + number}.00")
            shop.sell(f"S{number}")
            wanted, deadline = shop.totals(), time.monotonic() + 120
            while sales(chain) != wanted:
                assert process.poll() is None
                assert time.monotonic() < deadline, "the change is not in gold"
                time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    shop.delete("T2")
    assert chain.job().returncode == 0
    assert sales(chain) == shop.totals()
    assert is_closed(chain)
