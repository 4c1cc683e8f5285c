"""Documents that are made from the code: `PYTHONPATH=jobs:tests python -m documents` writes them, a test compares.

docs/tables.md has every table with its columns, docs/modules.md every room of the code with its first sentence.
"""

import ast
import subprocess
from collections.abc import Callable, Iterator

from lakehouse.datasets import DATASETS
from lakehouse.lake.schemas import tables
from lakehouse.metrics import METRICS
from lakehouse.model import Column, Table
from lakehouse.settings import ROOT

MADE = "Made by `PYTHONPATH=jobs:tests python -m documents`."
LAYERS = {
    "bronze": "One row is a source record, with its bytes as they came.",
    "silver": "One row is a row of bronze, judged: typed where it is good, with its reasons where it is quarantined.",
    "gold": "One row is a group of a metric.",
    "ledger": "What came, what ran, and what was forgotten.",
}
# Folders that Django wants.
DJANGO = ("migrations", "management", "commands")
# What columns are that say nothing of themselves in their tables.
MEANINGS = {
    "dataset": "name of the dataset",
    "name": "path of the file below its dataset's folder in the inbox",
    "mtime": "when the file was last changed, by its file system",
    "reason": "why the file was refused, a name of [reasons.md](reasons.md)",
    "seen_at": "when that was decided",
    "job": "name of the job",
    "at": "when it happened",
    "code_version": "commit of the code, with `-dirty` where files differ from it",
    "seconds": "how long the run took",
    "error": "what ended a run that failed",
    "source": "name of the file, topic or database table that the record came by",
    "source_id": "SHA-256 of the file's content, or partition of the topic",
    "position": "number of the record in its file from 0, or offset",
    "kafka_timestamp": "time of the message, of a topic",
    "ingested_at": "when the record came into bronze; a rule's now",
    "run_id": "the run that wrote the row",
    "quarantined": "whether the record is in quarantine; the table's partition",
    "key_hash": "xxHash64 of the business key",
    "content_hash": "xxHash64 of the typed columns",
    "format": "csv, json or log",
    "header": "header line of a CSV file",
}


def modules() -> str:
    """Return docs/modules.md."""
    lines = ["# Modules", "", MADE, "", "## Rooms", "", "| room | what it is |", "|---|---|"]
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = sorted(name for name in listed.splitlines() if not name.startswith(("tests/", "docs/")))
    rooms = [name for name in names if name.endswith("__init__.py") and name.split("/")[-2] not in DJANGO]
    lines += [f"| `{name.removesuffix('__init__.py')}` | {_first_sentence(name)} |" for name in rooms]
    lines += ["", "## Commands and jobs", "", "| file | what it does |", "|---|---|"]
    scripts = [name for name in names if name.count("/") == 1 and name.startswith("jobs/")]
    lines += [f"| `{name}` | {_first_sentence(name)} |" for name in scripts]
    return "\n".join([*lines, ""])


def _first_sentence(name: str) -> str:
    text = ast.get_docstring(ast.parse((ROOT / name).read_text(encoding="utf-8"))) or ""
    first = " ".join(text.split("\n\n")[0].split())
    return (first if first.endswith(".") else f"{first}.").replace("|", "\\|")


def table_list() -> str:
    """Return docs/tables.md."""
    found = tables()
    lines = [
        "# Tables",
        "",
        MADE,
        "",
        "All are Delta tables below `LAKEHOUSE_URL`, in a folder of their layer and name. Columns may be null, times",
        "are UTC.",
        "A *personal* column is masked as `***` for users without the permission.",
    ]
    for layer, meaning in LAYERS.items():
        lines += ["", f"## {layer}", "", meaning]
        for table in (table for name, table in found.items() if name.startswith(f"{layer}.")):
            lines += ["", f"### {table.name}", "", table.comment, "", "| column | type | meaning |", "|---|---|---|"]
            lines += [f"| `{c.name}` | {c.type} | {meaning_of(table, c)} |" for c in table.columns]
    return "\n".join([*lines, ""])


def meaning_of(table: Table, column: Column) -> str:
    """Return what a column of a table holds; empty where nothing says so."""
    return "; ".join(_parts(table, column)).replace("|", "\\|")


def _parts(table: Table, column: Column) -> Iterator[str]:
    layer, _, name = table.name.partition(".")
    if layer == "silver":
        dataset = DATASETS[name]
        for field in dataset.fields:
            if field.column == column:
                yield f"the field `{field.source}`" + ("" if field.required else ", where it is given")
        if column.name == dataset.key:
            yield "the business key"
    if layer == "gold":
        metric = METRICS[name]
        if column == metric.key:
            yield f"the group: `{metric.group}` of silver.{metric.dataset}"
        yield from (f"`{a.expression}`" for a in metric.aggregates if a.column == column)
        yield from (f"`{expression}`" for derived, expression in metric.derived if derived == column)
    if column.personal:
        yield "*personal*"
    is_typed = layer == "gold" or (layer == "silver" and column in DATASETS[name].columns)
    if meaning := column.comment or ("" if is_typed else MEANINGS.get(column.name, "")):
        yield meaning


DOCUMENTS: dict[str, Callable[[], str]] = {"tables.md": table_list, "modules.md": modules}

if __name__ == "__main__":
    for document, make in DOCUMENTS.items():
        (ROOT / "docs" / document).write_text(make(), encoding="utf-8")
