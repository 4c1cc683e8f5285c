"""What a run left on HDFS, asked by HTTP: commits, Parquet files, bytes written."""

import getpass
import io
import json
import urllib.request
from collections import Counter
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from hdfs import InsecureClient
from hdfs.util import HdfsError

from lakehouse.settings import Settings


def _client(settings: Settings) -> InsecureClient:
    return InsecureClient(settings.webhdfs, user=getpass.getuser(), timeout=30)


def _names(client: InsecureClient, path: str) -> list[str]:
    try:
        return sorted(client.list(path))
    except HdfsError:  # not there, or a file
        return []


def commits(settings: Settings, lake: str) -> Counter[str]:
    """Return how many commits each Delta table of a lake has, by its name, such as `gold.campaign_metrics`."""
    client, root, found = _client(settings), urlsplit(lake).path, Counter[str]()
    for layer in _names(client, root):
        for table in _names(client, f"{root}/{layer}"):
            log = _names(client, f"{root}/{layer}/{table}/_delta_log")
            if count := sum(name.endswith(".json") and name[:20].isdigit() for name in log):
                found[f"{layer}.{table}"] = count
    return found


def remove(settings: Settings, lake: str) -> None:
    """Delete a lake with all that is in it."""
    _client(settings).delete(urlsplit(lake).path, recursive=True, skip_trash=True)


def parquet(settings: Settings, url: str) -> pa.Table:
    """Return a folder of Parquet files as one table."""
    client, folder, parts = _client(settings), urlsplit(url).path, []
    for name in _names(client, folder):
        if name.endswith(".parquet"):
            with client.read(f"{folder}/{name}") as reader:
                parts.append(pq.read_table(io.BytesIO(reader.read()), use_threads=False))
    return pa.concat_tables(parts)


def bytes_written(settings: Settings) -> int:
    """Return how many bytes the DataNode has written since its start, by its own account."""
    address = f"http://localhost:{settings.ports['HDFS_DATA_HTTP_PORT']}/jmx"
    query = "?qry=Hadoop:service=DataNode,name=DataNodeActivity-*"
    with urllib.request.urlopen(address + query, timeout=10) as answer:
        return sum(bean.get("BytesWritten", 0) for bean in json.load(answer)["beans"])
