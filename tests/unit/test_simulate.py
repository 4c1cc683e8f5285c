"""The files that simulate.py writes: same seed, same bytes; the records that were asked for; what is broken."""

import csv
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lakehouse.settings import ROOT
from producers import files, simulate
from producers.generators import DATASETS
from producers.generators.drawing import Record
from producers.generators.sequence import LAYOUTS

ALL = [(name, layout) for name in DATASETS for layout in LAYOUTS]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


READERS: dict[str, Callable[[Path], list[Any]]] = {
    "csv": read_csv,
    "log": read_lines,
    "array": lambda path: json.loads(path.read_text(encoding="utf-8")),
    "lines": lambda path: [json.loads(line) for line in read_lines(path)],
}


@pytest.mark.parametrize(("name", "layout"), ALL)
def test_one_seed_gives_the_same_bytes_and_another_seed_gives_others(name: str, layout: str, tmp_path: Path) -> None:
    first, second, other = (
        files.write(tmp_path / out, name, 250, seed, 0.1, layout).path for out, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert digest(first) == digest(second) != digest(other)
    assert first.name == second.name != other.name


@pytest.mark.parametrize(
    ("name", "sha"),
    [
        ("transactions", "009d89c5e411d35d"),
        ("logs", "03e2a5b897d6391d"),
        ("social_data", "29a6398f8015c8c5"),
        ("ad_campaigns", "4903015faeaae056"),
    ],
)
def test_the_bytes_of_a_seed_are_those_of_other_days_and_machines(name: str, sha: str, tmp_path: Path) -> None:
    assert digest(files.write(tmp_path, name, 500, 42, 0.1).path)[:16] == sha


@pytest.mark.parametrize("rows", [0, 1, 250])
@pytest.mark.parametrize(("name", "layout"), ALL)
def test_a_file_holds_the_fields_of_its_layout_for_as_many_records_as_asked(
    name: str, layout: str, rows: int, tmp_path: Path
) -> None:
    generator = DATASETS[name]
    path = files.write(tmp_path, name, rows, 3, 0.0, layout).path
    records = READERS[generator.file_formats[layout]](path)
    assert len(records) == rows
    for read, good in zip(records, generator.records(3, 0, rows), strict=True):
        if not isinstance(read, str):
            expected = {k: str(good[k]) for k in generator.columns(layout) if good[k] is not None}
            assert {k: v if isinstance(v, str) else same_number(v, good[k]) for k, v in read.items()} == expected


def same_number(read: float, good: object) -> str:
    return str(good) if read == float(str(good)) else f"{read} is not {good}"


def test_a_log_line_is_in_combined_format_with_quotes_escaped() -> None:
    from producers.encode import log_line

    record: Record = {
        "IP_Address": "2001:db8::1",
        "User": None,
        "Timestamp": "2025-02-03 04:05:06",
        "Method": "GET",
        "URL": "/",
        "Protocol": "HTTP/1.1",
        "Status_Code": 304,
        "Bytes": 0,
        "Referer": None,
        "Agent": 'a "b" \\',
    }
    line = rb'2001:db8::1 - - [03/Feb/2025:04:05:06 +0000] "GET / HTTP/1.1" 304 - "-" "a \"b\" \\"'
    assert log_line(record) == line


def test_one_file_per_dataset_is_written_to_its_folder_and_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert simulate.main(["--out", str(tmp_path), "--rows", "50", "--errors", "0.1"]) == 0
    assert sorted(path.parent.name for path in tmp_path.glob("*/*")) == sorted(DATASETS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:4] for line in lines] == [[name, "50", "records", "5"] for name in DATASETS]


def test_only_the_datasets_asked_for_are_written(tmp_path: Path) -> None:
    assert simulate.main(["--out", str(tmp_path), "--rows", "5", "--datasets", "logs", "transactions"]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {"logs", "transactions"}


def test_a_file_that_is_there_with_the_same_bytes_keeps_its_time_and_another_content_replaces_it(
    tmp_path: Path,
) -> None:
    first = files.write(tmp_path, "logs", 20, 1)
    before = first.path.stat()
    again = files.write(tmp_path, "logs", 20, 1)
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.path.stat().st_ino, again.path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    first.path.write_bytes(b"cut off")
    assert files.write(tmp_path, "logs", 20, 1).is_new
    assert [path.name for path in first.path.parent.iterdir()] == [first.path.name]


def test_two_contents_never_share_a_name(tmp_path: Path) -> None:
    variants = [(20, 1, 0.0, "full"), (21, 1, 0.0, "full"), (20, 2, 0.0, "full"), (20, 1, 0.1, "full")]
    variants.append((20, 1, 0.0, "simple"))
    assert len({files.write(tmp_path, "logs", *variant).path for variant in variants}) == len(variants)


def test_a_folder_that_cannot_be_made_is_named_without_a_stack_trace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert simulate.main(["--out", str(tmp_path / "file"), "--rows", "1"]) == 1
    message = capsys.readouterr().err
    assert str(tmp_path / "file") in message
    assert "--out" in message


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--errors", "0.6"], "'0.6' is not a share"),
        (["--errors", "nan"], "'nan' is not a share"),
        (["--errors", "1/0"], "'1/0' is not a share"),
        (["--rows", "-1"], "'-1' is not a whole number"),
        (["--rows", "1e3"], "'1e3' is not a whole number"),
        (["--layout", "old"], "'old'"),
        (["--datasets", "sales"], "'sales'"),
    ],
)
def test_an_option_that_cannot_be_used_is_named(
    options: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        simulate.main(options)
    assert named in capsys.readouterr().err


def test_the_script_runs_from_the_command_line_and_writes_what_the_function_writes(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "producers.simulate",
        "--rows",
        "30",
        "--out",
        str(tmp_path / "a"),
        "--errors",
        "0.1",
    ]
    subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, env={"PYTHONPATH": "jobs", "PYTHONHASHSEED": "9"}
    )
    for name in DATASETS:
        path = files.write(tmp_path / "b", name, 30, 42, 0.1).path
        assert digest(path) == digest(tmp_path / "a" / name / path.name)
