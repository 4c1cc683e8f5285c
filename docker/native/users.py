"""The users of a secure HDFS: the folder of the lake, and who may write and read in it."""

from urllib.parse import urlsplit

from hdfs import HdfsError
from requests import RequestException

from docker.native import ready
from lakehouse.settings import Settings

# Below the lake nobody else reads: what is made there follows the folder that it is made in.
_OTHERS = "default:user::rwx,default:group::r-x,default:other::---"


def check(settings: Settings) -> str:
    """Return an empty text when HDFS serves and the lake's folder is its writer's own, else what is still missing."""
    if lacking := ready.hdfs(settings):
        return lacking
    client, root = ready.superuser(settings), urlsplit(settings.lake).path
    try:
        client.makedirs(root)
        client.set_owner(root, settings.hdfs_user, "lake-readers")
        client.set_acl(root, f"user::rwx,group::r-x,other::---,{_OTHERS}")
    except (HdfsError, RequestException) as error:
        return f"the lake's folder could not be given to {settings.hdfs_user} ({str(error).splitlines()[0]})"
    return ""
