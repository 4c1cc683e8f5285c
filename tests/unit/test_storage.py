"""Plain files beside the tables, on the local disk; and an HDFS that is away."""

from pathlib import Path
from threading import Barrier, Thread

import pytest
import storage_cases
from inbox_box import Box
from stack import free_ports

from lakehouse.errors import ServiceError
from lakehouse.lake import Lake


def test_files_are_written_read_and_deleted(box: Box, tmp_path: Path) -> None:
    storage_cases.files_are_written_read_and_deleted(box.lake, tmp_path)


def test_a_file_is_made_once(box: Box) -> None:
    storage_cases.a_file_is_made_once(box.lake)


def test_of_many_that_make_a_file_at_once_one_does(box: Box) -> None:
    url, barrier, made = f"{box.lake.url}/raced", Barrier(8), []

    def make(number: int) -> None:
        barrier.wait()
        if box.lake.files.create(url, str(number).encode()):
            made.append(str(number).encode())

    threads = [Thread(target=make, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [box.lake.files.read(url)]


def test_a_folder_in_the_place_of_a_file_is_named(box: Box) -> None:
    with pytest.raises(ServiceError, match=f"{box.folder} cannot be read or written: Is a directory"):
        box.lake.files.read(box.lake.url)


def test_an_hdfs_that_is_away_is_named() -> None:
    address = f"http://localhost:{free_ports(1)[0]}"
    files = Lake("hdfs://localhost:1/lake", address).files
    for call in (
        lambda: files.read("hdfs://localhost:1/lake/a"),
        lambda: files.age("hdfs://localhost:1/lake/a"),
        lambda: files.size("hdfs://localhost:1/lake/a"),
        lambda: files.create("hdfs://localhost:1/lake/a", b""),
        lambda: files.delete("hdfs://localhost:1/lake/a"),
        lambda: files.upload(Path(__file__), "hdfs://localhost:1/lake/a"),
    ):
        with pytest.raises(ServiceError, match=f"HDFS at {address} does not answer: .+make status"):
            call()
