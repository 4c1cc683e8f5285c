"""What the chain must give, computed in plain Python from the simulated records, and what it gave."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from sample_gold import content
from stack import RunningStack

from lakehouse import clients
from lakehouse.lake import Lake, ledger
from lakehouse.lake.scan import read
from lakehouse.lake.schemas import tables
from lakehouse.metrics import METRICS
from lakehouse.settings import ROOT, Settings, load
from producers import files
from producers.generators import DATASETS
from producers.generators.drawing import Record
from producers.plan import Plan

Answers = dict[str, dict[object, object]]


@dataclass
class Sent:
    """The good records that were given to a lake, by dataset: once for each business key."""

    records: dict[str, list[Record]] = field(default_factory=lambda: defaultdict(list))
    keys: set[tuple[str, object]] = field(default_factory=set)

    def add(self, dataset: str, records: Iterable[Record], layout: str = "full") -> None:
        """Remember good records; of those with one key only the first."""
        generator = DATASETS[dataset]
        key = {"transactions": "TransactionID", "social_data": "post_id", "ad_campaigns": "event_id"}.get(dataset)
        for record in records:
            kept = {name: record[name] for name in generator.columns(layout)}
            if key in kept:
                if (dataset, kept[key]) in self.keys:
                    continue
                self.keys.add((dataset, kept[key]))
            self.records[dataset].append(kept)

    def answers(self) -> Answers:
        """Return the four metrics over all that was sent."""
        sales: dict[object, Decimal] = defaultdict(Decimal)
        for record in self.records["transactions"]:
            sales[record["Product"]] += Decimal(str(record["Amount"]))
        likes: dict[object, list[int]] = defaultdict(list)
        for record in self.records["social_data"]:
            likes[content(record.get("product"), record["message"])].append(int(str(record["likes"])))
        clicks: dict[object, list[int]] = defaultdict(lambda: [0, 0])
        for record in self.records["ad_campaigns"]:
            clicks[record["campaign_id"]][0] += int(str(record["clicks"]))
            clicks[record["campaign_id"]][1] += int(str(record["impressions"]))
        return {
            "total_sales_per_product": dict(sales),
            "status_code_counts": dict(Counter(int(str(r["Status_Code"])) for r in self.records["logs"])),
            "avg_likes_per_product": {name: float(Fraction(sum(n), len(n))) for name, n in likes.items()},
            "campaign_metrics": {name: tuple(sums) for name, sums in clicks.items()},
        }


@dataclass
class Chain:
    """A lake of the shared stack with its own root and inbox, and what was sent to it."""

    stack: RunningStack
    settings: Settings
    environ: dict[str, str]
    sent: Sent = field(default_factory=Sent)

    def files(self, rows: int, seed: int, errors: float = 0.0, layout: str = "full", *datasets: str) -> None:
        """Write simulated files into the inbox."""
        for dataset in datasets or ("transactions", "logs", "social_data"):
            what = (dataset, rows, seed, errors, layout)
            if isinstance(self.settings.inbox, str):
                files.send(self.settings.inbox, self.settings.webhdfs, *what)
            else:
                files.write(self.settings.inbox, *what)
            items = DATASETS[dataset].items(seed, 0, rows, errors, DATASETS[dataset].file_formats[layout], layout)
            self.sent.add(dataset, (item.record for item in items if item.breakage is None), layout)

    def messages(self, plan: Plan) -> None:
        """Send simulated messages to the dataset's topic."""
        options = [f"--{name}={getattr(plan, name)}" for name in ("rows", "seed", "errors", "skip", "repeats")]
        result = self.run(sys.executable, "-m", "producers.produce", "--datasets", plan.dataset, *options)
        assert result.returncode == 0, result.stderr
        self.sent.add(plan.dataset, (item.record for item in plan.items() if item.breakage is None))

    def run(self, *command: str, **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command, env=self.environ | changes, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
        )

    def job(self, name: str = "pipeline", **changes: str) -> subprocess.CompletedProcess[str]:
        """Run a job as its make target does."""
        return self.run("jobs/submit.sh", f"jobs/{name}.py", **changes)

    def start(self, *command: str, **changes: str) -> subprocess.Popen[str]:
        """Start a command as the head of its own process group, its output joined."""
        return subprocess.Popen(
            command, env=self.environ | changes, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            start_new_session=True,
        )  # fmt: skip

    @property
    def lake(self) -> Lake:
        """The lake that the jobs write."""
        return Lake.of(self.settings)

    def versions(self) -> dict[str, int]:
        """Return the version of every bronze, silver and gold table."""
        names = (name for name in tables() if not name.startswith("ledger"))
        return {name: self.lake.open(name).version() for name in names}

    def answers(self) -> Answers:
        """Return the four metrics as they stand in gold."""
        return dict(self._answers())

    def _answers(self) -> Iterator[tuple[str, dict[object, object]]]:
        for name in Sent().answers():
            key, *values = (column.name for column in METRICS[name].columns)
            rows = read(self.lake.open(f"gold.{name}")).to_pylist()
            assert len({row[key] for row in rows}) == len(rows)
            yield name, {r[key]: r[values[0]] if len(values) == 1 else tuple(r[v] for v in values) for r in rows}

    def runs(self) -> list[tuple[str, str]]:
        """Return job and status of the rows of ledger.runs, in order of time."""
        rows = read(self.lake.open("ledger.runs")).to_pylist()
        return [(row["job"], row["status"]) for row in sorted(rows, key=lambda row: row["at"])]


def identities(chain: Chain, name: str) -> Counter[tuple[object, ...]]:
    """Return how often each (source, source_id, position) stands in a table."""
    columns = ["source", "source_id", "position"]
    return Counter(tuple(row.values()) for row in read(chain.lake.open(name), columns).to_pylist())


def balance(chain: Chain) -> list[dict[str, object]]:
    """Return the balance sheet."""
    return [json.loads(json.dumps(line.as_dict())) for line in ledger.balance(chain.lake)]


def make_chain(stack: RunningStack, name: str, inbox: Path | str, **changes: str) -> Chain:
    """Return an empty lake under its own root, with other settings where they are given."""
    own = {"LAKEHOUSE_URL": f"{stack.settings.lake}-{name}", "LAKEHOUSE_INBOX": str(inbox)}
    environ = stack.environ | own | changes
    return Chain(stack, load(environ), environ)


@contextmanager
def hadoop_conf(stack: RunningStack) -> Iterator[None]:
    """Let this process read the stack's store."""
    names = clients.environ(stack.settings, stack.environ)
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    yield
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


def check(chain: Chain) -> None:
    """Assert the invariants of architecture and numbers: nothing lost, nothing doubled, the four metrics exact."""
    assert chain.answers() == chain.sent.answers()
    for line in balance(chain):
        assert line["is_closed"], line
        assert line["waiting"] == 0, line
        assert line["silver"] == len(chain.sent.records[str(line["dataset"])])
        bronze = identities(chain, f"bronze.{line['dataset']}")
        assert bronze == identities(chain, f"silver.{line['dataset']}")
        assert set(bronze.values()) <= {1}
