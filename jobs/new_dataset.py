"""A dataset and a metric proposed from a sample file, for review: `make new-dataset NAME=sales FROM=sales.csv`.

By hand: `PYTHONPATH=jobs python jobs/new_dataset.py sales sales.csv`. No service is needed, nothing is overwritten.
"""

import argparse
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lakehouse import logs
from lakehouse.datasets import DATASETS
from lakehouse.errors import LakehouseError, ProposalError
from lakehouse.lake.printing import plain, safe
from lakehouse.landing.sniff import NAMES
from lakehouse.metrics import METRICS
from lakehouse.model import Dataset, Metric
from lakehouse.propose import sample, source, trial
from lakehouse.propose.names import why_unfit
from lakehouse.propose.proposal import Proposal, never_negative, propose
from lakehouse.reasons import all_reasons
from lakehouse.settings import ROOT, load

SHOWN = 100
# A registry's names end where this line is.
_REGISTRY_END = "\n)\n"


def new_dataset(name: str, path: Path) -> Iterator[str]:
    """Write what is proposed for a sample into the project; yield lines on it.

    Raises ProposalError, with nothing written, for a name or a file that cannot be used.
    """
    if why := why_unfit(name):
        raise ProposalError(f"NAME={name!r} cannot be a dataset's name: {why}.")
    for folder, registered in (("datasets", DATASETS), ("metrics", METRICS)):
        if name in registered:
            raise ProposalError(f"{name} is there already: jobs/lakehouse/{folder}/{name}.py. Take another NAME.")
    package, tests = ROOT / "jobs" / "lakehouse", ROOT / "tests"
    # What is refused at once needs no sample.
    check_free(package / "datasets" / f"{name}.py")
    seen = sample.read(path)
    proposal = propose(name, seen)
    dataset, metric = proposal.dataset, proposal.metric
    outcome = trial.tried(dataset, seen)
    if not outcome.good:
        raise ProposalError(f"No record of {path} would pass: {', '.join(why for why, *_ in outcome.reasons)}.")
    files = {
        package / "datasets" / f"{name}.py": source.dataset_source(proposal),
        tests / "judging" / f"test_judge_{name}.py": source.cases_source(dataset, *trial.table(dataset, seen)),
    }
    registries = {package / "datasets" / "__init__.py": name}
    if metric is not None:
        files[package / "metrics" / f"{metric.name}.py"] = source.metric_source(metric)
        files[tests / "jobs" / f"test_{metric.name}.py"] = source.metric_test_source(metric, dataset)
        registries[package / "metrics" / "__init__.py"] = metric.name
    write(files, registries)
    yield from (f"wrote {path.relative_to(ROOT)}" for path in files)
    yield from (f"added {name} to {path.relative_to(ROOT)}" for path, name in registries.items())
    yield from told(proposal, seen, outcome)
    yield from next_steps(dataset, metric, seen)


def check_free(*paths: Path) -> None:
    """Raise ProposalError where one of the files is there already."""
    if there := [str(path) for path in paths if path.exists()]:
        raise ProposalError(
            f"{', '.join(there)} is there already and is not overwritten. Move it, or take another NAME."
        )


def write(files: Mapping[Path, str], registries: Mapping[Path, str]) -> None:
    """Write new files, and then a line for a name into each registry.

    Raises ProposalError, with nothing written, where a file is there or a registry has no list of names.
    """
    check_free(*files)
    lists = {path: path.read_text(encoding="utf-8").partition(_REGISTRY_END) for path in registries}
    if odd := [f'"{registries[path]}" to {path}' for path, (_, end, _) in lists.items() if not end]:
        raise ProposalError(f'No list of names ends with a line ")": add {", ".join(odd)} by hand.')
    for path, text in files.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    for path, (head, end, rest) in lists.items():
        part = path.with_suffix(".part")
        part.write_text(f'{head}\n    "{registries[path]}",{end}{rest}', encoding="utf-8")
        part.replace(path)


def told(proposal: Proposal, seen: sample.Sample, outcome: trial.Outcome) -> Iterator[str]:
    """Yield lines on what is to be reviewed, and on what becomes of the records of the sample."""
    yield ""
    for name, doubt in proposal.doubts.items():
        yield f"look at {name}: {doubt}"
    if personal := [column.name for column in proposal.dataset.columns if column.personal]:
        yield f"personal, masked for most users: {', '.join(personal)}. Are these all?"
    if signed := never_negative(proposal.dataset):
        yield f"refused below zero: {', '.join(signed)}. Are there refunds or corrections?"
    if proposal.metric is None:
        yield "no metric: there is no column to group by"
    part = "" if seen.is_whole else f" (the first {sample.MOST:,} of the file)"
    bad = outcome.quarantined
    yield f"{outcome.good + bad:,} records{part}: {outcome.good:,} would pass, {bad:,} would be quarantined"
    if outcome.repeated:
        yield f"{outcome.repeated:>10,}  of those that pass repeat the key of another one"
    known = all_reasons()
    for name, count, position, raw in outcome.reasons:
        yield f"{count:>10,}  {name:<16}  {known[name].sentence} {known[name].remedy}"
        yield f"{'':12}record {position}: {safe(plain(raw))[:SHOWN]}"


def next_steps(dataset: Dataset, metric: Metric | None, seen: sample.Sample) -> Iterator[str]:
    """Yield what to do after the review."""
    inbox = f"{load().inbox}/{dataset.name}"
    zipped = ".gz" if seen.path.name.lower().endswith(".gz") else ""
    name = seen.path.name if NAMES.fullmatch(seen.path.name) else f"{dataset.name}.{seen.format}{zipped}"
    yield ""
    yield f"Review jobs/lakehouse/datasets/{dataset.name}.py; then, with the services up (make up):"
    yield f"  mkdir -p {shlex.quote(inbox)} && cp {shlex.quote(str(seen.path))} {shlex.quote(f'{inbox}/{name}')}"
    yield f"  make pipeline viz api    # build/charts/silver/{dataset.name}.png"
    if metric is not None:
        yield f"It is on the page and at /api/{metric.name.replace('_', '-')}/, and drawn in build/charts/gold/."
    yield "Before a commit: make documents lint, and make test"


def main(words: list[str] | None = None) -> int:
    """Propose a dataset and return the exit code."""
    parser = argparse.ArgumentParser(prog="new-dataset", description=__doc__)
    parser.add_argument("name", help="of the dataset: sales")
    parser.add_argument("path", type=Path, help="a file with records: CSV, JSON or a log, plain or .gz")
    asked = parser.parse_args(words)
    try:
        for line in new_dataset(asked.name, asked.path):
            logs.say(line)
    except LakehouseError as error:
        logs.tell("new-dataset", safe(str(error)))
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
