"""What is in quarantine and why, with samples, without Spark: `make quarantine [DATASET=logs] [REASON=date]`.

By hand: `PYTHONPATH=jobs python jobs/quarantine.py logs --reason date`.
"""

import argparse
import sys
from collections.abc import Iterator

from lakehouse import command
from lakehouse.datasets import DATASETS
from lakehouse.lake import Lake, scan
from lakehouse.lake.printing import plain, safe
from lakehouse.reasons import all_reasons

# Records shown of each reason where all are told, and of one that is asked for; and characters shown of a record.
FEW, MANY, SHOWN = 1, 20, 100
_COUNTS = """
    SELECT reason, count(*) AS records FROM (SELECT unnest(reasons) AS reason FROM t WHERE quarantined)
    GROUP BY 1 ORDER BY records DESC, reason
"""
_SAMPLES = """
    SELECT source, position, raw FROM t WHERE quarantined AND array_has(reasons, '{reason}')
    ORDER BY source, source_id, position LIMIT {most}
"""


def told(lake: Lake, dataset: str, asked: str = "") -> Iterator[str]:
    """Yield lines on the quarantine of a dataset: each reason (or the one asked for), its count, and samples."""
    table = lake.open(f"silver.{dataset}")
    sides = scan.rows_by_partition(table)
    good, bad = sides.get(False, 0), sides.get(True, 0)
    yield f"{dataset}: {bad:,} of {good + bad:,} records are in quarantine"
    if not bad:
        return
    known, counts = all_reasons(), scan.query(_COUNTS, t=table).to_pylist()
    if asked and asked not in (there := [row["reason"] for row in counts]):
        yield f"none of them for the reason {safe(asked)}; there are {', '.join(there)}"
    for row in counts:
        name = row["reason"]
        if asked not in ("", name):
            continue
        words = f"{known[name].sentence} {known[name].remedy}" if name in known else "By rules of old. `make replay`."
        yield f"{row['records']:>10,}  {name:<24}  {words}"
        samples = scan.query(_SAMPLES.format(reason=name, most=MANY if asked else FEW), t=table)
        for sample in samples.to_pylist():
            yield f"{'':12}{safe(sample['source'])} {sample['position']}: {safe(plain(sample['raw']))[:SHOWN]}"


def main(words: list[str] | None = None) -> int:
    """Tell the quarantine and return the exit code."""
    parser = argparse.ArgumentParser(prog="quarantine", description=__doc__)
    parser.add_argument("dataset", nargs="?", choices=DATASETS, help="all where none is named")
    parser.add_argument("--reason", default="", help="only records with this reason, and more of them")
    asked = parser.parse_args(words)

    def work(lake: Lake) -> None:
        for dataset in [asked.dataset] if asked.dataset else DATASETS:
            for line in told(lake, dataset, asked.reason):
                sys.stdout.write(f"{line}\n")

    return command.run("quarantine", work)


if __name__ == "__main__":
    sys.exit(main())
