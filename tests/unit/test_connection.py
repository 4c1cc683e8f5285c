"""How clients connect to Kafka by the settings: what kafka-python and Spark are given, and what is refused."""

from pathlib import Path

import pytest

from lakehouse import connection
from lakehouse.errors import SettingError

SASL = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_USERNAME": "ada", "KAFKA_SASL_PASSWORD": 'a"b\\c'}


@pytest.fixture
def secure(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SASL.items():
        monkeypatch.setenv(name, value)


def test_without_settings_nothing_is_encrypted_and_nobody_logs_in() -> None:
    assert connection.client() == {**connection.LIMITS, "security_protocol": "PLAINTEXT"}
    assert connection.spark() == {}


def test_both_clients_get_the_same_login(secure: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ca.pem").write_text("certificates")
    monkeypatch.setenv("KAFKA_SSL_CAFILE", str(tmp_path / "ca.pem"))
    options = connection.client()
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("ada", 'a"b\\c')
    assert (options["security_protocol"], options["ssl_cafile"]) == ("SASL_SSL", str(tmp_path / "ca.pem"))
    assert connection.spark() == {
        "kafka.security.protocol": "SASL_SSL",
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.certificates": "certificates",
        "kafka.sasl.mechanism": "SCRAM-SHA-512",
        "kafka.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        'username="ada" password="a\\"b\\\\c";',
    }


def test_a_password_comes_from_a_file_that_only_its_owner_reads(
    secure: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_SASL_PASSWORD")
    path = tmp_path / "password"
    path.write_text("secret\n")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD_FILE", str(path))
    path.chmod(0o640)
    with pytest.raises(SettingError, match=r"others may read it.*chmod 600") as refused:
        connection.client()
    assert "secret" not in str(refused.value)
    path.chmod(0o600)
    assert connection.client()["sasl_plain_password"] == "secret"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SASL_MECHANISM", "GSSAPI"),
        ("KAFKA_SASL_PASSWORD_FILE", "nowhere"),
        ("KAFKA_SSL_CAFILE", "nowhere"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    secure: None, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    if name.endswith("PASSWORD_FILE"):
        monkeypatch.delenv("KAFKA_SASL_PASSWORD")
    for ask in (connection.client, connection.spark):
        with pytest.raises(SettingError, match=f"{name}='{value}'"):
            ask()


@pytest.mark.parametrize("name", ["KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"])
def test_a_login_needs_a_name_and_a_password(secure: None, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SettingError, match=name):
        connection.client()
