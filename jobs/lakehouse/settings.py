"""Settings of the lakehouse: the environment, then conf/lakehouse.env, checked once at start."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lakehouse.errors import SettingError

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = ROOT / "conf" / "lakehouse.env"
PORTS = (
    "HDFS_RPC_PORT",
    "HDFS_HTTP_PORT",
    "HDFS_DATA_PORT",
    "HDFS_DATA_HTTP_PORT",
    "HDFS_DATA_IPC_PORT",
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "API_PORT",
)


@dataclass(frozen=True)
class Settings:
    """All settings, checked and with derived values filled in.

    `lake` is the root URL of the tables without a trailing slash, `ports` maps the names in `PORTS` to numbers,
    paths are absolute, `stream_interval` is in seconds.
    """

    lake: str
    inbox: Path
    kafka: str
    webhdfs: str
    spark_master: str
    driver_memory: str
    stream_interval: int
    stack_home: Path
    ports: Mapping[str, int]
    api_workers: int

    @property
    def hadoop_conf(self) -> Path:
        """Folder of the rendered Hadoop client configuration of the local services."""
        return self.stack_home / "conf" / "hadoop"


def read_env_file(path: Path = ENV_FILE) -> dict[str, str]:
    """Return the `NAME=value` pairs of a settings file; blank lines and lines starting with # are passed over."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def given(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> dict[str, str]:
    """Return every setting of the file by name, with the environment's value where that has one."""
    environ = os.environ if environ is None else environ
    return {name: environ.get(name) or value for name, value in read_env_file(env_file).items()}


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


def load(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> Settings:
    """Return the settings of the environment over those of the file.

    Raises SettingError, naming the setting, its value and what is allowed, for the first one that cannot be used.
    """
    values = given(environ, env_file)
    ports = {name: integer(values, name, 1, 65535) for name in PORTS}
    if len(set(ports.values())) < len(ports):
        twice = next(name for name in PORTS if list(ports.values()).count(ports[name]) > 1)
        raise SettingError(twice, values[twice], "every port must be a different one")
    address = r"[\w.-]+:\d{1,5}"
    return Settings(
        lake=matching(
            values,
            "LAKEHOUSE_URL",
            r"(hdfs://[\w.-]+(:\d+)?|file://)/\S+",
            "hdfs://host:port/path or file:///path is needed",
            f"hdfs://localhost:{ports['HDFS_RPC_PORT']}/lake",
        ).rstrip("/"),
        inbox=(ROOT / values["LAKEHOUSE_INBOX"]).resolve(),
        kafka=matching(
            values,
            "KAFKA_BOOTSTRAP_SERVERS",
            rf"{address}(,{address})*",
            "host:port, or several with commas between, is needed",
            f"localhost:{ports['KAFKA_PORT']}",
        ),
        webhdfs=matching(
            values,
            "WEBHDFS_URL",
            r"https?://\S+",
            "the http address of the NameNode is needed",
            f"http://localhost:{ports['HDFS_HTTP_PORT']}",
        ),
        spark_master=matching(
            values,
            "SPARK_MASTER",
            r"local(\[(\d+|\*)\])?|spark://\S+|yarn|k8s://\S+",
            "local[*], spark://host:port, yarn or k8s://… is needed",
        ),
        driver_memory=matching(values, "SPARK_DRIVER_MEMORY", r"\d+[mg]", "a size such as 3g or 1500m is needed"),
        stream_interval=integer(values, "STREAM_INTERVAL", 1, 3600),
        stack_home=(ROOT / values["STACK_HOME"]).resolve(),
        ports=ports,
        api_workers=integer(values, "API_WORKERS", 1, 64),
    )


def code_version() -> str:
    """Return the commit that the code is at, with `-dirty` where files differ from it; `unknown` outside a checkout."""
    # `git describe --dirty` rewrites the index: killed meanwhile, it left a lock on which a user's next commit failed.
    git = ["git", "--no-optional-locks", "-C", str(ROOT)]
    asked = (["describe", "--always"], ["status", "--porcelain", "--untracked-files=no"])
    try:
        told, changed = (
            subprocess.run([*git, *words], capture_output=True, text=True, check=True, timeout=5).stdout.strip()
            for words in asked
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{told}-dirty" if changed else told
