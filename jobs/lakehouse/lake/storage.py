"""Which storage a lake's URL asks for."""

from lakehouse.lake.files import Storage
from lakehouse.lake.files_hdfs import HdfsStorage
from lakehouse.lake.files_local import LocalStorage


def storage(url: str, webhdfs: str) -> Storage:
    """Return the storage of the lake `url`; `webhdfs` is the address of the NameNode of one on HDFS."""
    return LocalStorage(url) if url.startswith("file:") else HdfsStorage(url, webhdfs)
