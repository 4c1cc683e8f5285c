"""The class paths of the services: a folder of jars for each, made of what was fetched and of what pyspark ships."""

import json
import shutil
import zipfile
from importlib.util import find_spec
from pathlib import Path

from docker.native.console import progress
from lakehouse.errors import ServiceError

# What pyspark already ships: the Hadoop client of the same version, and a log backend for slf4j.
LOGGING = ("slf4j-api", "log4j-slf4j2-impl", "log4j-api", "log4j-core")
FROM_PYSPARK = {
    "hdfs": ("hadoop-client-api", "hadoop-client-runtime", *LOGGING, "jcl-over-slf4j", "log4j-1.2-api", "snappy-java"),
    "kafka": LOGGING,
}
# Kafka's own slf4j 1.7 has no log backend here: a broker with it prints nothing.
LEFT_OUT = ("slf4j-api-", "log4j-api-", "log4j-core-")
# At each start the NameNode's web server reads these two from end to end, twice: stored without compression, that takes
# half a second instead of two (and its start 2.5 s of processor time instead of 5.2 s).
STORED = ("hadoop-client-minicluster-", "hadoop-client-api-")
# The pages of the web server; taken from a folder, they are not unpacked anew at each start.
PAGES = "webapps/"


def pyspark_jars() -> Path:
    """Return the folder of the jars that pyspark ships; raises ServiceError where it is not installed."""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise ServiceError("The package pyspark is not installed. Run `make setup`.")
    return Path(spec.origin).parent / "jars"


def sources(jars: Path, service: str) -> list[Path]:
    """Return the jars that a service's class path is made of."""
    own = [jar for jar in (jars / service).glob("*.jar") if not jar.name.startswith(LEFT_OUT)]
    shipped = [jar for name in FROM_PYSPARK[service] for jar in pyspark_jars().glob(f"{name}-[0-9]*.jar")]
    return sorted({jar.name: jar for jar in (*shipped, *own)}.values())


def _fill(folder: Path, found: list[Path]) -> None:
    for jar in found:
        if not jar.name.startswith(STORED):
            (folder / jar.name).symlink_to(jar)
            continue
        with zipfile.ZipFile(jar) as source, zipfile.ZipFile(folder / jar.name, "w", zipfile.ZIP_STORED) as stored:
            for entry in source.infolist():
                stored.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), source.read(entry))
            source.extractall(folder, [name for name in source.namelist() if name.startswith(PAGES)])


def build(jars: Path, lib: Path) -> None:
    """Make `lib`/<service> for each service, unless it was made of the same jars before.

    A service that runs goes on with the files it has opened.
    """
    for service in FROM_PYSPARK:
        folder, draft = lib / service, lib / f"{service}.draft"
        found = sources(jars, service)
        made_of = json.dumps([(str(jar), jar.stat().st_size, jar.stat().st_mtime_ns) for jar in found])
        note = folder / "made-of.json"
        if note.exists() and note.read_text("utf-8") == made_of:
            continue
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with progress("Class paths") as show:
            show(service)
            _fill(draft, found)
        (draft / note.name).write_text(made_of, "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
