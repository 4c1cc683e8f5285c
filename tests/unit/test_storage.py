"""Plain files beside the tables, on the local disk; and an HDFS that is away."""

from pathlib import Path
from threading import Barrier, Thread

import pytest
import storage_cases
from inbox_box import Inbox
from stack import free_ports

from lakehouse.errors import ServiceError
from lakehouse.settings import load
from lakehouse.storage import storage


def test_files_are_written_read_listed_and_deleted(box: Inbox, tmp_path: Path) -> None:
    storage_cases.files_are_written_read_listed_and_deleted(box.settings, tmp_path)


def test_a_file_is_made_once(box: Inbox) -> None:
    storage_cases.a_file_is_made_once(box.settings)


def test_of_many_that_make_a_file_at_once_one_does(box: Inbox) -> None:
    url, barrier, made = f"{box.settings.lake}/raced", Barrier(8), []

    def make(number: int) -> None:
        barrier.wait()
        if storage(box.settings).create(url, str(number).encode()):
            made.append(str(number).encode())

    threads = [Thread(target=make, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [storage(box.settings).read(url)]


def test_a_folder_in_the_place_of_a_file_is_named(box: Inbox) -> None:
    with pytest.raises(ServiceError, match=f"{box.lake} cannot be read or written: Is a directory"):
        storage(box.settings).read(box.settings.lake)


def test_an_hdfs_that_is_away_is_named(tmp_path: Path) -> None:
    address = f"http://localhost:{free_ports(1)[0]}"
    files = storage(load({"LAKEHOUSE_URL": "hdfs://localhost:1/lake", "WEBHDFS_URL": address}))
    for call in (
        lambda: files.read("hdfs://localhost:1/lake/a"),
        lambda: files.names("hdfs://localhost:1/lake"),
        lambda: files.create("hdfs://localhost:1/lake/a", b""),
        lambda: files.delete("hdfs://localhost:1/lake/a"),
        lambda: files.upload(Path(__file__), "hdfs://localhost:1/lake/a"),
    ):
        with pytest.raises(ServiceError, match=f"HDFS at {address} does not answer: .+make status"):
            call()
