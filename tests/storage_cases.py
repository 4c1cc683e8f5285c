"""What storage must do wherever the lake is: run by the tests of the local disk and of HDFS."""

from pathlib import Path

from lakehouse.settings import Settings
from lakehouse.storage import storage


def files_are_written_read_listed_and_deleted(settings: Settings, folder: Path) -> None:
    files, url = storage(settings), f"{settings.lake}/some/folder"
    assert (files.read(f"{url}/a"), files.names(url)) == (None, [])
    local = folder / "local"
    for content in (b"one", b"", b"\x00\xff" * 600_000):
        local.write_bytes(content)
        files.upload(local, f"{url}/a")
        assert files.read(f"{url}/a") == content
    assert files.names(url) == ["a"]
    files.delete(f"{url}/a")
    files.delete(f"{url}/a")
    assert (files.read(f"{url}/a"), files.names(url)) == (None, [])


def a_file_is_made_once(settings: Settings) -> None:
    files, url = storage(settings), f"{settings.lake}/made/once"
    assert files.create(url, b"one")
    assert not files.create(url, b"two")
    assert files.read(url) == b"one"
    assert files.names(url.rpartition("/")[0]) == ["once"]
