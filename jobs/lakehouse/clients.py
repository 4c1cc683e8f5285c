"""What the clients of a lake's store read from the environment of a process: where it is, and the keys to it.

deltalake, its HDFS client and obstore are configured so, and processes that are started inherit it. The names are
theirs and Amazon's (AWS SDKs and Tools Reference Guide, "Environment variables").
`python -m lakehouse.clients COMMAND…` runs a command of others in such an environment.
"""

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from lakehouse.errors import SettingError
from lakehouse.settings import ROOT, Settings, load

# A key as it is called in a file of the AWS tools, in the environment, and by Hadoop's client.
_KEYS = (
    ("aws_access_key_id", "AWS_ACCESS_KEY_ID", "access.key"),
    ("aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "secret.key"),
    ("aws_session_token", "AWS_SESSION_TOKEN", "session.token"),
)
_PLACE = ("AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ALLOW_HTTP")
_FILE = "AWS_SHARED_CREDENTIALS_FILE"


def prepare(settings: Settings, user: str = "") -> None:
    """Let this process and those that it starts find the store of the settings; what is set already stays.

    It comes to HDFS as `user` where one is named. The clients look there when they open their first table.
    Raises SettingError where the file with the keys cannot be used.
    """
    for name, value in environ(settings).items():
        os.environ.setdefault(name, value)
    if user:
        os.environ.setdefault("HADOOP_USER_NAME", user)


def environ(settings: Settings, given: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return what the clients need in their environment, beside what is `given`; raises as `prepare`."""
    found = {"HADOOP_CONF_DIR": str(settings.hadoop_conf)}
    if not settings.lake.startswith("s3a:"):
        return found
    found["AWS_REGION"] = settings.s3_region
    if endpoint := settings.s3_endpoint:
        found |= {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": str(endpoint.startswith("http:")).lower()}
    if not given.get("AWS_ACCESS_KEY_ID") and (file := settings.values[_FILE]):
        found |= dict(_keys(ROOT / file))
    return found


def _keys(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the keys of the section `default` of a file, by their names in the environment."""
    parser = configparser.RawConfigParser(default_section="")
    try:
        is_there = parser.read(file, "utf-8")
        section = parser["default"] if is_there else {}
    except (configparser.Error, KeyError, UnicodeDecodeError) as error:
        raise SettingError(_FILE, str(file), "a file with a section [default] is needed") from error
    if not is_there:
        raise SettingError(_FILE, str(file), "it is not there: `make up` makes that of a profile")
    yield from ((variable, section[name]) for name, variable, _ in _KEYS if name in section)


def spark_options(settings: Settings) -> dict[str, str]:
    """Return the same as settings of Spark, for its Python workers and for Hadoop's client of S3.

    There are none for a lake elsewhere. `prepare` comes first.
    """
    if not settings.lake.startswith("s3a:"):
        return {}
    options = {
        "endpoint.region": settings.s3_region,
        # Files are read once, by column: an input stream of its own for each costs least.
        "input.stream.type": "classic",
        "experimental.input.fadvise": "random",
        "audit.enabled": "false",
        "connection.establish.timeout": "5s",
        # Hadoop tries again within what it tries again: a frozen server ends a look at a file after 4 times 10 s and
        # the waits between, one that was killed has about 4 s to come back.
        "connection.timeout": "10s",
        "attempts.maximum": "1",
        "retry.limit": "1",
        "retry.interval": "4s",
    }
    if endpoint := settings.s3_endpoint:
        # A server that is not Amazon's has no name for each bucket.
        options |= {"endpoint": endpoint, "path.style.access": "true"}
    options |= {name: os.environ[variable] for _, variable, name in _KEYS if os.environ.get(variable)}
    ours = {name: os.environ[name] for name in (*_PLACE, *(variable for _, variable, _ in _KEYS)) if name in os.environ}
    return {
        **{f"spark.hadoop.fs.s3a.{name}": value for name, value in options.items()},
        **{f"spark.executorEnv.{name}": value for name, value in ours.items()},
    }


def main() -> None:
    """Become the command that the arguments say."""
    try:
        prepare(load())
    except SettingError as error:
        sys.exit(str(error))
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
