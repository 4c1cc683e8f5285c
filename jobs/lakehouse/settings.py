"""Settings of the lakehouse: the environment, then the profile's file, then conf/lakehouse.env, checked at start."""

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from string import Template

from lakehouse.errors import SettingError
from lakehouse.model import DatabaseTable

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = ROOT / "conf" / "lakehouse.env"
# The profile that lays nothing over conf/lakehouse.env.
LAPTOP = "laptop"
_HDFS = r"hdfs://[\w.-]+(:\d+)?/\S+"


@dataclass(frozen=True)
class Settings:
    """All settings, checked and with derived values filled in.

    `lake` is the root URL of the tables without a trailing slash, `dataset_url` that of a dataset's bronze and silver
    with `{dataset}` in it, or empty; `ports` maps the settings named `…_PORT` to numbers, paths are absolute, `inbox`
    is a URL where it lies on HDFS, `stream_interval` is in seconds. `postgres` is the database that holds the
    `database_tables`, which are by the names of their datasets. `values` has every setting as text, by its name.
    """

    profile: str
    values: Mapping[str, str] = field(repr=False)
    lake: str
    dataset_url: str
    inbox: Path | str
    kafka: str
    webhdfs: str
    s3_endpoint: str
    s3_region: str
    spark_master: str
    deploy_mode: str
    package: str
    driver_memory: str
    stream_interval: int
    stack_home: Path
    hdfs_replication: int
    hdfs_user: str
    hdfs_reader: str
    hdfs_analyst: str
    ports: Mapping[str, int]
    api_workers: int
    postgres: str = ""
    database_tables: Mapping[str, DatabaseTable] = field(default_factory=dict)

    @property
    def hadoop_conf(self) -> Path:
        """Folder of the rendered Hadoop client configuration of the local services."""
        return self.stack_home / "conf" / "hadoop"

    @property
    def api_url(self) -> str:
        """Address of the API on this machine, without a slash at its end."""
        return f"{'https' if self.values['API_TLS_CERTIFICATE'] else 'http'}://127.0.0.1:{self.ports['API_PORT']}"

    @property
    def api_trust(self) -> ssl.SSLContext:
        """What the API is known by; raises SettingError where API_TLS_CAFILE cannot be read."""
        name = "API_TLS_CAFILE"
        try:
            return ssl.create_default_context(cafile=ROOT / self.values[name] if self.values[name] else None)
        except OSError as error:
            raise SettingError(
                name, self.values[name], f"it holds no certificates that can be read ({error})"
            ) from error


def read_env_file(path: Path = ENV_FILE) -> dict[str, str]:
    """Return the `NAME=value` pairs of a settings file; blank lines and lines starting with # are passed over."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def profiles(env_file: Path = ENV_FILE) -> list[str]:
    """Return the names of the profiles there are: `laptop`, and the files in the folder profiles/ beside `env_file`."""
    return [LAPTOP, *sorted(path.stem for path in (env_file.parent / "profiles").glob("*.env"))]


def given(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> dict[str, str]:
    """Return every setting by name: the environment's value where it has one, else the profile's, else the file's.

    In the files, `${NAME}` stands for another setting. Raises SettingError for a profile that is not there.
    """
    environ = os.environ if environ is None else environ
    texts = read_env_file(env_file)
    profile = environ.get("PROFILE") or texts["PROFILE"]
    if profile not in profiles(env_file):
        raise SettingError("PROFILE", profile, f"one of {', '.join(profiles(env_file))} is needed")
    if profile != LAPTOP:
        texts |= read_env_file(env_file.parent / "profiles" / f"{profile}.env")
    values = {name: environ.get(name) or text for name, text in texts.items()}
    return {name: value if environ.get(name) else _expanded(name, value, values) for name, value in values.items()}


def _expanded(name: str, text: str, values: Mapping[str, str]) -> str:
    try:
        return Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise SettingError(name, text, "only other settings may stand in it as ${NAME}") from error


def integer(values: Mapping[str, str], name: str, low: int, high: int) -> int:
    """Return a setting that is a whole number; raises SettingError for any other."""
    text = values[name]
    if not re.fullmatch(r"[0-9]{1,6}", text) or not low <= int(text) <= high:
        raise SettingError(name, text, f"a whole number from {low} to {high} is needed")
    return int(text)


def matching(values: Mapping[str, str], name: str, pattern: str, allowed: str, default: str = "") -> str:
    """Return a setting that is written as `pattern` says, `default` where it is empty; raises SettingError else."""
    text = values[name] or default
    if not re.fullmatch(pattern, text):
        raise SettingError(name, text, allowed)
    return text


def readable(values: Mapping[str, str], name: str) -> Path:
    """Return the file that a setting names; raises SettingError where it cannot be read."""
    path = ROOT / values[name]
    if not path.is_file() or not os.access(path, os.R_OK):
        raise SettingError(name, values[name], "no such file, or it cannot be read; where it is to be made, `make up`")
    return path


def secret(values: Mapping[str, str], name: str) -> str:
    """Return what is in the file that a setting names and only its owner may read; raises SettingError."""
    path = readable(values, name)
    if path.stat().st_mode & 0o077:
        raise SettingError(name, values[name], f"others may read it; `chmod 600 {path}`, and have its content changed")
    return path.read_text("utf-8").rstrip("\n")


def _postgres(values: Mapping[str, str], name: str) -> str:
    """Return the address of the database, which holds no password; one that does is not shown."""
    text = values[name]
    option = r"(sslmode|sslrootcert|sslcert|sslkey|connect_timeout)=[^&\s]+"
    if text and not re.fullmatch(
        rf"postgresql://[^\s:@/?]+@[\w.-]+(:\d{{1,5}})?/[^\s/?]+(\?{option}(&{option})*)?", text
    ):
        allowed = "postgresql://user@host:port/database is needed, with the password in PGPASSWORD or in a ~/.pgpass"
        raise SettingError(name, re.sub(r"//.*", "//…", text)[:20], allowed)
    return text


def _database_tables(values: Mapping[str, str], name: str) -> dict[str, DatabaseTable]:
    """Return the tables of a database by the datasets whose records their rows are."""
    allowed = "dataset=schema.table or dataset=schema.table:column is needed, or several with commas between"
    found: dict[str, DatabaseTable] = {}
    for part in filter(None, values[name].split(",")):
        named = re.fullmatch(r"(\w+)=([^\s.:,]+\.[^\s.:,]+)(?::([^\s.:,]+))?", part.strip())
        if named is None or named[1] in found:
            raise SettingError(name, values[name], allowed)
        found[named[1]] = DatabaseTable(named[1], named[2], named[3] or "")
    if found and not values["POSTGRES_URL"]:
        raise SettingError("POSTGRES_URL", "", "the database of POSTGRES_TABLES is needed")
    return found


def _store(values: Mapping[str, str]) -> dict[str, str]:
    """Return the settings of where the tables are, by their fields; raises SettingError."""
    text = partial(matching, values)
    if values["SPARK_MASTER"] == "yarn":
        # A folder of one machine is none of the others, and the keys to S3 would stand in what starts a container.
        text("LAKEHOUSE_URL", r"hdfs://\S+", "with SPARK_MASTER=yarn hdfs://host:port/path is needed")
    return {
        "lake": text(
            "LAKEHOUSE_URL",
            r"(hdfs://[\w.-]+(:\d+)?|s3a://[a-z0-9.-]+|file://)/\S+",
            "hdfs://host:port/path, s3a://bucket/path or file:///path is needed",
        ).rstrip("/"),
        "dataset_url": text(
            "LAKEHOUSE_DATASET_URL",
            rf"({values['LAKEHOUSE_URL'].partition('/')[0]}//\S*{{dataset}}\S*[^/\s])?",
            "a URL as in LAKEHOUSE_URL with {dataset} in it is needed, or nothing",
        ),
        "s3_endpoint": text(
            "AWS_ENDPOINT_URL", r"(https?://[\w.-]+(:\d+)?)?", "http://host:port, https://host or nothing is needed"
        ),
        "s3_region": text("AWS_REGION", r"[a-z0-9-]+", "the name of a region is needed"),
    }


def _inbox(values: Mapping[str, str]) -> Path | str:
    pattern = rf"{_HDFS}|(?![\w+.-]+://).+"
    text = matching(values, "LAKEHOUSE_INBOX", pattern, "a folder, or hdfs://host:port/path, is needed")
    if text.startswith("hdfs:"):
        return text.rstrip("/")
    if values["SPARK_MASTER"] == "yarn" and values["SPARK_DEPLOY_MODE"] == "cluster":
        raise SettingError("LAKEHOUSE_INBOX", text, "the driver may be on any node: hdfs://host:port/path is needed")
    return (ROOT / text).resolve()


def load(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> Settings:
    """Return the settings of the environment over those of the profile and of the file.

    Raises SettingError, naming the setting, its value and what is allowed, for the first one that cannot be used.
    """
    values = given(environ, env_file)
    text = partial(matching, values)
    ports = {name: integer(values, name, 1, 65535) for name in values if name.endswith("_PORT")}
    if len(set(ports.values())) < len(ports):
        twice = next(name for name in ports if list(ports.values()).count(ports[name]) > 1)
        raise SettingError(twice, values[twice], "every port must be a different one")
    text("LOG_FORMAT", "text|json", "text or json is needed")
    address, user = r"[\w.-]+:\d{1,5}", r"([A-Za-z_][\w.-]*)?"
    return Settings(
        profile=values["PROFILE"],
        values=values,
        **_store(values),
        inbox=_inbox(values),
        kafka=text(
            "KAFKA_BOOTSTRAP_SERVERS",
            rf"{address}(,{address})*",
            "host:port, or several with commas between, is needed",
        ),
        webhdfs=text("WEBHDFS_URL", r"https?://\S+", "the http address of the NameNode is needed"),
        spark_master=text(
            "SPARK_MASTER", r"local(\[(\d+|\*)\])?|yarn", "local[*], local[number of cores] or yarn is needed"
        ),
        deploy_mode=text("SPARK_DEPLOY_MODE", "client|cluster", "client or cluster is needed"),
        package=text("PACKAGE_URL", _HDFS, "hdfs://host:port/path is needed").rstrip("/"),
        driver_memory=text("SPARK_DRIVER_MEMORY", r"\d+[mg]", "a size such as 3g or 1500m is needed"),
        stream_interval=integer(values, "STREAM_INTERVAL", 1, 3600),
        stack_home=(ROOT / values["STACK_HOME"]).resolve(),
        hdfs_replication=integer(values, "HDFS_REPLICATION", 1, 512),
        hdfs_user=text("HDFS_USER", user, "a user's name, or nothing, is needed"),
        hdfs_reader=text("HDFS_READER", user, "a user's name, or nothing, is needed"),
        hdfs_analyst=text("HDFS_ANALYST", user, "a user's name, or nothing, is needed"),
        ports=ports,
        api_workers=integer(values, "API_WORKERS", 1, 64),
        postgres=_postgres(values, "POSTGRES_URL"),
        database_tables=_database_tables(values, "POSTGRES_TABLES"),
    )
