"""Fetch the jars of HDFS, Kafka and Spark by Ivy, and check every byte of them.

`python -m docker.native.jars` fills build/jars from the modules named in ivy.xml, compares each file with jars.sha512
and makes the class paths of the services in build/lib. It asks nothing of the network where all is there.
"""

import hashlib
import os
import subprocess
from contextlib import suppress
from pathlib import Path

from docker.native import classpath, java
from docker.native.console import progress, run
from lakehouse.errors import IntegrityError, ServiceError
from lakehouse.logs import say
from lakehouse.settings import ROOT

HERE = Path(__file__).resolve().parent
BUILD = ROOT / "build"
STAMP = ".verified"


def checksums(file: Path = HERE / "jars.sha512") -> dict[str, str]:
    """Return the SHA-512 sums of a checksum file by file name, such as `kafka/re2j-1.8.jar`."""
    pairs = (line.split(maxsplit=1) for line in file.read_text(encoding="utf-8").splitlines() if line)
    return {name.lstrip("*"): digest for digest, name in pairs}


def missing(jars: Path, sums: dict[str, str]) -> list[str]:
    """Return the names of the jars that are not there."""
    return [name for name in sums if not (jars / name).is_file()]


def verify(jars: Path, cache: Path, sums: dict[str, str]) -> None:
    """Compare every jar with its checksum.

    Raises IntegrityError naming each jar that differs, after deleting it and its copy in Ivy's cache, which Ivy would
    otherwise hand out again.
    """
    wrong = []
    for name, digest in sums.items():
        with (jars / name).open("rb") as file:
            if hashlib.file_digest(file, "sha512").hexdigest() != digest:
                wrong.append(name)
    for name in wrong:
        (jars / name).unlink()
        for copy in cache.rglob(Path(name).name):
            copy.unlink()
    if wrong:
        raise IntegrityError(
            f"Wrong bytes in {', '.join(wrong)}: the SHA-512 sum differs from docker/native/jars.sha512. "
            "The file and its copy in the cache were deleted; run `make jars` to fetch it again."
        )


def fetch(jars: Path, cache: Path) -> None:
    """Let Ivy, which pyspark ships, put every module of ivy.xml into `jars`; raises ServiceError where it cannot."""
    ivy = next(classpath.pyspark_jars().glob("ivy-*.jar"))
    command: list[str | Path] = [java.require(os.environ) / "bin" / "java", f"-Divy.cache={cache.resolve()}"]
    command += ["-jar", ivy, "-settings", HERE / "ivysettings.xml", "-ivy", HERE / "ivy.xml", "-types", "jar", "bundle"]
    command += ["-retrieve", f"{jars.resolve()}/[conf]/[artifact]-[revision].[ext]"]
    log = cache.with_name("ivy.log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as out, progress("Fetching the jars (110 MB)") as show:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
        while process.poll() is None:
            show(f"{len(list(jars.rglob('*.jar')))} there")
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.5)
    lacking = missing(jars, checksums())
    if process.returncode or lacking:
        raise ServiceError(
            f"Ivy could not fetch {len(lacking)} of the jars (its output is in {log}). "
            "Check the connection to Maven Central and run `make jars` again."
        )


def prepare(build: Path = BUILD) -> None:
    """Fetch what is missing, check everything, make the class paths, and touch the stamp `jars/.verified`."""
    jars, cache, sums = build / "jars", build / "ivy", checksums()
    (jars / STAMP).unlink(missing_ok=True)
    if missing(jars, sums):
        fetch(jars, cache)
    verify(jars, cache, sums)
    classpath.build(jars, build / "lib")
    (jars / STAMP).touch()
    say(f"{len(sums)} jars in build/jars, all with the right SHA-512 sum")


if __name__ == "__main__":
    run(prepare)
