"""The users of HDFS: the lake's folder is its writer's own, readers read all of it, and an analyst gold alone."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from hdfs import HdfsError, InsecureClient
from requests import RequestException

from docker.native import ready
from lakehouse.settings import Settings

READERS = "lake-readers"


def check(settings: Settings) -> str:
    """Return an empty text when HDFS serves and the lake belongs to its users, else what is still missing."""
    if lacking := ready.hdfs(settings):
        return lacking
    client, root = ready.superuser(settings), urlsplit(settings.lake).path
    gold, analyst = f"{root}/gold", settings.hdfs_analyst
    try:
        client.makedirs(gold)
        for path, status in _all(client, root):
            is_folder, is_gold = status["type"] == "DIRECTORY", bool(analyst) and f"{path}/".startswith(f"{gold}/")
            is_own = (status["owner"], status["group"]) == (settings.hdfs_user, READERS)
            if not is_own:
                client.set_owner(path, settings.hdfs_user, READERS)
            # What was made under other settings, or without any, is open to all, or has no rules for what follows.
            if path == root or is_gold or not is_own or not status["permission"].endswith("0"):
                client.set_acl(path, _acl(is_folder, f"user:{analyst}:r-x," if is_gold else ""))
        if analyst:
            client.set_acl(root, f"user:{analyst}:--x", clear=False)
    except (HdfsError, RequestException) as error:
        return f"the lake's folder could not be given to {settings.hdfs_user} ({str(error).splitlines()[0]})"
    return ""


def _all(client: InsecureClient, root: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a folder and all that is in it, with its status."""
    for folder, _, files in client.walk(root, status=True):
        yield folder
        yield from ((f"{folder[0]}/{name}", status) for name, status in files)


def _acl(is_folder: bool, analyst: str) -> str:
    """Return who may do what; what is made in a folder follows it."""
    own = f"user::rwx,{analyst}group::r-x,other::---"
    if not is_folder:
        return own
    return f"{own},{','.join(f'default:{entry}' for entry in own.split(','))}"
