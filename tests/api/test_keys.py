"""The API's two secrets."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from config import keys

GOOD, OTHER = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6", "Zz9Yy8Xx7Ww6Vv5Uu4Tt3Ss2Rr1Qq0Pp"


def test_missing_secrets_are_made_once_in_a_private_file(tmp_path: Path) -> None:
    first = keys.load(tmp_path / "api", {})
    path = tmp_path / "api" / "secrets.json"
    assert first == keys.load(tmp_path / "api", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert min(len(key) for key in first) >= 32
    assert first[0] != first[1]
    assert [p.name for p in path.parent.iterdir()] == ["secrets.json"]


def test_processes_that_start_at_once_agree_on_the_secrets(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: keys.load(tmp_path, {}), range(8)))) == 1


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    _, signing = keys.load(tmp_path, {})
    assert keys.load(tmp_path, {"API_SECRET_KEY": GOOD}) == (GOOD, signing)


def test_with_both_in_the_environment_no_file_is_made(tmp_path: Path) -> None:
    assert keys.load(tmp_path, {"API_SECRET_KEY": GOOD, "API_SIGNING_KEY": OTHER}) == (GOOD, OTHER)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("tiny", "shorter than 32 bytes"),
        (GOOD[:31], "shorter than 32 bytes"),
        ("a" * 40, "can be guessed"),
        ("django-insecure-" + GOOD, "well known"),
        ("your-secret-key-goes-here-please-now", "well known"),
        ("ChangeMe" * 8, "well known"),
    ],
)
@pytest.mark.parametrize("name", keys.NAMES)
def test_a_weak_key_is_refused_without_repeating_it(name: str, key: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(keys.KeyRefusedError, match=reason) as refused:
        keys.load(tmp_path, {name: key})
    assert name in str(refused.value)
    assert key not in str(refused.value)


def test_one_key_for_both_purposes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(keys.KeyRefusedError, match="the same key"):
        keys.load(tmp_path, dict.fromkeys(keys.NAMES, GOOD))


@pytest.mark.parametrize(
    ("content", "reason"),
    [("{", "not readable as JSON"), ("[]", "shorter"), (json.dumps({"API_SECRET_KEY": GOOD}), "API_SIGNING_KEY")],
)
def test_a_damaged_file_is_refused_naming_it(content: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(keys.KeyRefusedError, match=reason) as refused:
        keys.load(tmp_path, {})
    assert str(path) in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    keys.load(tmp_path, {})
    (tmp_path / "secrets.json").chmod(0o644)
    with pytest.raises(keys.KeyRefusedError, match="chmod 600"):
        keys.load(tmp_path, {})
