"""What storage must do wherever the lake is: run by the tests of the local disk and of HDFS."""

from pathlib import Path

from lakehouse.lake import Lake


def files_are_written_read_and_deleted(lake: Lake, folder: Path) -> None:
    files, url = lake.files, f"{lake.url}/some/folder/a"
    assert (files.read(url), files.age(url), files.size(url)) == (None, None, None)
    local = folder / "local"
    for content in (b"one", b"", b"\x00\xff" * 600_000):
        local.write_bytes(content)
        files.upload(local, url)
        assert (files.read(url), files.size(url)) == (content, len(content))
    age = files.age(url)
    assert age is not None
    assert -5 < age < 60
    files.delete(url)
    files.delete(url)
    assert (files.read(url), files.age(url)) == (None, None)

    assert files.list(f"{lake.url}/some") == []
    for name in ("b", "c/d"):
        files.create(f"{lake.url}/some/{name}", b"")
    assert sorted(files.list(f"{lake.url}/some")) == ["b", "c/d"]
    assert files.list(f"{lake.url}/nothing") == []


def a_file_is_made_once(lake: Lake) -> None:
    files, url = lake.files, f"{lake.url}/made/once"
    assert files.create(url, b"one")
    assert not files.create(url, b"two")
    assert files.read(url) == b"one"
