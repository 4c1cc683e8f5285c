"""Which storage a lake's URL asks for."""

from collections.abc import Sequence

from lakehouse.lake.files import Storage
from lakehouse.lake.files_hdfs import HdfsStorage
from lakehouse.lake.files_local import LocalStorage


def storage(roots: Sequence[str], webhdfs: str) -> Storage:
    """Return the storage of a lake with these roots; `webhdfs` is the address of the NameNode of one on HDFS."""
    match roots[0].partition(":")[0]:
        case "file":
            return LocalStorage(roots)
        case "s3a":
            # Loaded where it is needed alone: its client takes some MB of each process.
            from lakehouse.lake.files_s3 import S3Storage

            return S3Storage(roots)
        case _:
            return HdfsStorage(roots, webhdfs)
