"""On what was measured: processors, memory, system and versions, without names of the machine."""

import os
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import psutil

from lakehouse.settings import ROOT

_PACKAGES = ("pyspark", "delta-spark", "deltalake", "duckdb", "pyarrow")


def _processor() -> str:
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return " ".join(found[1].split()) if found else platform.machine()


def _system() -> str:
    name = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    # What follows the number may be a name that somebody gave to a kernel of their own.
    return f"{name}, Linux {platform.release().partition('-')[0]}"


def _java() -> str:
    java = Path(os.environ["JAVA_HOME"], "bin", "java") if "JAVA_HOME" in os.environ else Path("java")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "([^"]+)"', said)
    return found[1] if found else "?"


def _services() -> Iterator[tuple[str, str]]:
    for name, folder, pattern in (("HDFS", "hdfs", "hadoop-*-*.jar"), ("Kafka", "kafka", "kafka_*-*.jar")):
        jars = sorted((ROOT / "build" / "jars" / folder).glob(pattern))
        yield name, re.sub(r".*-([\d.]+)\.jar", r"\1", jars[0].name) if jars else "?"


def facts() -> dict[str, str]:
    """Return what is told about the machine and the versions, in order."""
    commit = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--exclude=*"]
    told = subprocess.run(commit, capture_output=True, text=True, check=False).stdout.strip()
    return {
        "processors": f"{os.cpu_count()} x {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": _system(),
        "Java": _java(),
        "Python": platform.python_version(),
        **dict(_services()),
        **{name: version(name) for name in _PACKAGES},
        "commit": told or "?",
    }
