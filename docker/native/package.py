"""What a job on YARN carries, kept on HDFS so that no run uploads it: `python -m docker.native.package`.

Containers have no checkout around them. They get three archives: the jars of Spark and its sources, the Python packages
of requirements.txt, and `code`, which is laid out as the checkout (jobs/ and conf/). Each is named by what it is made
of, so that what is on HDFS under a name is right, and running jobs keep theirs. The interpreter is not carried: it has
the same path on every node.
"""

import argparse
import hashlib
import io
import os
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from importlib.metadata import distribution, distributions
from pathlib import Path

from docker.native.classpath import pyspark_jars
from docker.native.console import progress, run
from lakehouse.errors import ServiceError
from lakehouse.lake.files import storage
from lakehouse.logs import say
from lakehouse.settings import ROOT, Settings, given, load
from lakehouse.version import code_version

BUILD = ROOT / "build" / "package"
# Where the driver and the executors find things in their container, whose folder they are started in.
CODE, ENVIRONMENT = "code", "env"
HADOOP = "__spark_conf__/__hadoop_conf__"


def _digest(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def _jars() -> tuple[str, Callable[[Path], None]]:
    own = (ROOT / "build" / "jars" / "spark").glob("*.jar")
    found = sorted((*pyspark_jars().glob("*.jar"), *own), key=lambda jar: jar.name)

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for jar in found:
                archive.write(jar, jar.name)

    return f"jars-{_digest(*((jar.name, jar.stat().st_size) for jar in found))}.zip", make


def _files_of(names: list[str]) -> Iterator[tuple[Path, str]]:
    """Yield the files of installed packages with their paths below the environment; not pyspark's jars."""
    jars, prefix = pyspark_jars(), Path(sys.prefix)
    for name in names:
        for file in distribution(name).files or ():
            path = Path(os.path.normpath(str(file.locate())))
            if path.is_file() and "site-packages" in path.parts and jars not in path.parents:
                yield path, str(path.relative_to(prefix))


def _environment() -> tuple[str, Callable[[Path], None]]:
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    interpreter = Path(sys.executable).resolve()
    # Some are locked twice, for different versions of Python, and some for other systems only: those are not here.
    locked = dict.fromkeys(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    names = [name for name in locked if list(distributions(name=name))]

    def make(path: Path) -> None:
        with tarfile.open(path, "w:gz", compresslevel=1) as archive:
            for file, name in _files_of(names):
                archive.add(file, name, recursive=False)
            link = tarfile.TarInfo("bin/python")
            link.type, link.linkname = tarfile.SYMTYPE, str(interpreter)
            archive.addfile(link)
            text = f"home = {interpreter.parent}\ninclude-system-site-packages = false\n".encode()
            info = tarfile.TarInfo("pyvenv.cfg")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text))

    return f"env-{_digest(lock, interpreter, sys.version)}.tar.gz", make


def _code() -> tuple[str, Callable[[Path], None]]:
    top = [ROOT / "conf" / "lakehouse.env", *(ROOT / "conf" / "profiles").glob("*.env")]
    texts = {str(path.relative_to(ROOT)): path.read_bytes() for path in (*top, *(ROOT / "jobs").rglob("*.py"))}
    texts["CODE_VERSION"] = code_version().encode()

    def make(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in sorted(texts.items()):
                archive.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), text)

    return f"code-{_digest(*sorted(texts.items()))}.zip", make


def package(settings: Settings) -> dict[str, str]:
    """Bring to HDFS what is not there yet; return the URL of each archive by `jars`, `env` and `code`.

    Raises ServiceError where HDFS does not answer, and where `make jars` has not been run.
    """
    if not next((ROOT / "build" / "jars" / "spark").glob("*.jar"), None):
        raise ServiceError("The jars of Spark's sources are not there. Run `make jars`.")
    files, urls = storage([settings.package], settings.webhdfs), {}
    BUILD.mkdir(parents=True, exist_ok=True)
    for kind, (name, make) in {"jars": _jars(), "env": _environment(), "code": _code()}.items():
        local, urls[kind] = BUILD / name, f"{settings.package}/{name}"
        with progress("Package") as show:
            if not local.exists():
                show(f"making {name}")
                for old in BUILD.glob(f"{kind}-*"):
                    old.unlink()
                make(draft := local.with_suffix(".draft"))
                draft.rename(local)
            if files.size(urls[kind]) != (size := local.stat().st_size):
                show(f"{name} to {settings.package}")
                files.upload(local, urls[kind])
                say(f"package {name}  {size / 1e6:,.1f} MB in {settings.package}")
    return urls


def properties(urls: dict[str, str]) -> dict[str, str]:
    """Return Spark's properties by which a job on YARN takes its package and finds what is in it."""
    driver = {name: value for name, value in given().items() if value}
    # A path of this machine is none of a container's.
    places = {"STACK_HOME": "stack", "PYTHONPATH": f"{CODE}/jobs", "HADOOP_CONF_DIR": HADOOP}
    driver |= {name: f"{{{{PWD}}}}/{path}" for name, path in places.items()}
    # An address of this machine is one of no other, but for the loopback.
    if (address := os.environ.get("SPARK_LOCAL_IP", "")).startswith("127."):
        driver["SPARK_LOCAL_IP"] = address
    return {
        "spark.yarn.archive": urls["jars"],
        "spark.yarn.dist.archives": f"{urls['env']}#{ENVIRONMENT},{urls['code']}#{CODE}",
        "spark.executorEnv.PYTHONPATH": f"{CODE}/jobs",
        "spark.executorEnv.HADOOP_CONF_DIR": HADOOP,
        **{f"spark.yarn.appMasterEnv.{name}": value for name, value in driver.items()},
    }


def main() -> None:
    """Bring the package to HDFS; with --properties write what spark-submit must be told into a file."""
    parser = argparse.ArgumentParser(prog="python -m docker.native.package", description=__doc__)
    parser.add_argument("--properties", type=Path, help="a file for spark-submit")
    asked = parser.parse_args()
    settings = load()
    urls = package(settings)
    if asked.properties is None:
        say(f"A job on YARN finds all it needs in {settings.package}")
        return
    lines = [f"{name}={value}\n" for name, value in properties(urls).items()]
    asked.properties.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    run(main)
