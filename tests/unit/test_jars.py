"""Every jar is compared with its checksum, and a wrong one does not stay."""

import hashlib
import re
import zipfile
from pathlib import Path

import pytest

from docker.native import classpath, jars
from lakehouse.errors import IntegrityError, ServiceError
from lakehouse.settings import ROOT

GOOD = hashlib.sha512(b"good").hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with one good jar, and a copy of it in a cache as Ivy lays it out."""
    for place in ("jars/kafka", "ivy/org.example/one/jars"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "one-1.0.jar").write_bytes(b"good")
    return tmp_path


def test_good_bytes_pass(folder: Path) -> None:
    jars.verify(folder / "jars", folder / "ivy", {"kafka/one-1.0.jar": GOOD})
    assert (folder / "jars/kafka/one-1.0.jar").exists()


@pytest.mark.parametrize("content", [b"", b"goo", b"goodd", b"Good"], ids=["empty", "cut off", "longer", "one byte"])
def test_a_wrong_jar_is_named_and_deleted_with_its_copy_in_the_cache(folder: Path, content: bytes) -> None:
    (folder / "jars/kafka/one-1.0.jar").write_bytes(content)
    with pytest.raises(IntegrityError, match=re.escape("kafka/one-1.0.jar")) as caught:
        jars.verify(folder / "jars", folder / "ivy", {"kafka/one-1.0.jar": GOOD})
    assert "make jars" in str(caught.value)
    assert list(folder.rglob("*.jar")) == []


def test_what_is_not_there_is_listed(folder: Path) -> None:
    assert jars.missing(folder / "jars", {"kafka/one-1.0.jar": GOOD, "hdfs/two-2.jar": GOOD}) == ["hdfs/two-2.jar"]


def test_every_module_of_ivy_has_a_checksum_and_an_exact_revision() -> None:
    modules = re.findall(
        r'name="([^"]+)" rev="([^"]+)" conf="(\w+)->default" transitive="false"',
        (ROOT / "docker/native/ivy.xml").read_text("utf-8"),
    )
    assert {f"{conf}/{name}-{revision}.jar" for name, revision, conf in modules} == set(jars.checksums())
    assert all(re.fullmatch(r"[0-9a-f]{128}", digest) for digest in jars.checksums().values())


def test_a_warm_folder_is_verified_without_asking_ivy(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    def never(*_: object) -> None:
        raise AssertionError("Ivy was asked")

    monkeypatch.setattr(jars, "fetch", never)
    monkeypatch.setattr(jars, "checksums", lambda: {"kafka/one-1.0.jar": GOOD})
    jars.prepare(folder)
    assert (folder / "jars" / jars.STAMP).exists()


def test_a_wrong_byte_takes_the_stamp_away(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "jars" / jars.STAMP).touch()
    monkeypatch.setattr(jars, "checksums", lambda: {"kafka/one-1.0.jar": hashlib.sha512(b"other").hexdigest()})
    with pytest.raises(IntegrityError):
        jars.prepare(folder)
    assert not (folder / "jars" / jars.STAMP).exists()


def test_without_ivy_the_reason_and_its_log_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = tmp_path / "ivysettings.xml"
    nowhere.write_text(
        '<ivysettings><settings defaultResolver="none"/><caches defaultCacheDir="${ivy.cache}"/><resolvers>'
        '<ibiblio name="none" m2compatible="true" root="http://127.0.0.1:9/"/></resolvers></ivysettings>'
    )
    (tmp_path / "ivy.xml").write_text(
        (ROOT / "docker/native/ivy.xml").read_text("utf-8").split("<!-- kafka")[0] + "</dependencies></ivy-module>"
    )
    monkeypatch.setattr(jars, "HERE", tmp_path)
    with pytest.raises(ServiceError, match="Ivy could not fetch") as caught:
        jars.fetch(tmp_path / "jars", tmp_path / "ivy")
    assert str(tmp_path / "ivy.log") in str(caught.value)
    assert (tmp_path / "ivy.log").read_text("utf-8")


@pytest.fixture(scope="module")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the class paths of the services, made of the real jars."""
    folder = tmp_path_factory.mktemp("lib")
    classpath.build(ROOT / "build" / "jars", folder)
    return folder


def test_the_class_path_has_one_log_backend_and_each_jar_once(class_path: Path) -> None:
    for service in ("hdfs", "kafka"):
        names = [re.sub(r"-\d[\w.-]*\.jar$", "", jar.name) for jar in (class_path / service).glob("*.jar")]
        assert len(names) == len(set(names)), service
        assert {"slf4j-api", "log4j-slf4j2-impl", "log4j-core"} <= set(names)
        assert all(jar.exists() for jar in (class_path / service).glob("*.jar"))


def test_a_class_path_is_made_once_and_anew_for_other_jars(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classpath, "pyspark_jars", lambda: tmp_path / "shipped")
    for service in ("hdfs", "kafka"):
        (tmp_path / "jars" / service).mkdir(parents=True)
        (tmp_path / "jars" / service / "one-1.0.jar").touch()

    def build() -> dict[str, int]:
        classpath.build(tmp_path / "jars", tmp_path / "lib")
        return {str(jar.relative_to(tmp_path / "lib")): jar.lstat().st_ino for jar in (tmp_path / "lib").rglob("*.jar")}

    before = build()
    assert set(before) == {"hdfs/one-1.0.jar", "kafka/one-1.0.jar"}
    assert build() == before
    (tmp_path / "jars" / "kafka" / "two-2.0.jar").touch()
    after = build()
    assert set(after) == {*before, "kafka/two-2.0.jar"}
    assert after["hdfs/one-1.0.jar"] == before["hdfs/one-1.0.jar"]


def test_a_stored_jar_has_the_same_entries_and_its_pages_lie_beside_it(class_path: Path) -> None:
    (source,) = (ROOT / "build" / "jars" / "hdfs").glob("hadoop-client-minicluster-*.jar")
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(class_path / "hdfs" / source.name) as new:
        assert {(e.filename, e.CRC) for e in old.infolist()} == {(e.filename, e.CRC) for e in new.infolist()}
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in new.infolist())
        page = "webapps/hdfs/WEB-INF/web.xml"
        assert (class_path / "hdfs" / page).read_bytes() == new.read(page)
