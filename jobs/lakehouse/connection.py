"""How clients connect to Kafka: time limits, encryption and who they are, for kafka-python and for Spark."""

import os
import socket
import ssl
from typing import Any

from lakehouse.errors import ServiceError, SettingError
from lakehouse.settings import given, matching, readable, secret

# A broker that is away is given up on in well under a minute; milliseconds.
LIMITS = {"bootstrap_timeout_ms": 10_000, "request_timeout_ms": 15_000}
# Seconds that a broker has to greet who asks it what it refuses.
_PATIENCE = 3.0
_PROTOCOLS, _MECHANISMS = "PLAINTEXT|SSL|SASL_SSL|SASL_PLAINTEXT", "SCRAM-SHA-512|SCRAM-SHA-256|PLAIN"


def client() -> dict[str, Any]:
    """Return the arguments with which every client of kafka-python connects.

    Raises SettingError for a setting, or a file that one names, that cannot be used.
    """
    values = given()
    protocol = _protocol(values)
    options: dict[str, Any] = {**LIMITS, "security_protocol": protocol}
    if protocol.endswith("SSL"):
        options["ssl_cafile"] = str(readable(values, "KAFKA_SSL_CAFILE")) if values["KAFKA_SSL_CAFILE"] else None
    if protocol.startswith("SASL"):
        mechanism, user, password = _login(values)
        options |= {"sasl_mechanism": mechanism, "sasl_plain_username": user, "sasl_plain_password": password}
    return options


def spark() -> dict[str, str]:
    """Return the options with which Spark's Kafka source connects; what is secret is hidden in Spark's own words.

    The certificates travel along, so no executor needs a file. Raises SettingError as `client`.
    """
    values = given()
    protocol = _protocol(values)
    options = {"kafka.security.protocol": protocol} if protocol != "PLAINTEXT" else {}
    if protocol.endswith("SSL") and values["KAFKA_SSL_CAFILE"]:
        options["kafka.ssl.truststore.type"] = "PEM"
        options["kafka.ssl.truststore.certificates"] = readable(values, "KAFKA_SSL_CAFILE").read_text("ascii")
    if protocol.startswith("SASL"):
        mechanism, user, password = _login(values)
        quoted = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (user, password))
        module = "plain.PlainLoginModule" if mechanism == "PLAIN" else "scram.ScramLoginModule"
        login = 'org.apache.kafka.common.security.{} required username="{}" password="{}";'.format(module, *quoted)
        options |= {"kafka.sasl.mechanism": mechanism, "kafka.sasl.jaas.config": login}
    return options


def failure(servers: str, error: Exception, way: str) -> ServiceError:
    """Return the error of a connection to brokers, naming the setting that they refuse; `way` where they do not answer.

    kafka-python says of a connection that never came about only that; so the first broker that listens is asked why.
    """
    reason = str(error) or type(error).__name__
    if "Unable to bootstrap" in reason:
        values = given()
        for cause in filter(None, (_refusal(server, values) for server in servers.split(","))):
            return ServiceError(f"Kafka at {servers} {cause}")
    return ServiceError(f"Kafka at {servers} does not answer ({reason}). {way}")


def _refusal(server: str, values: dict[str, str]) -> str:
    """Return what a broker that listens refuses, and the setting to change; empty where it does not answer."""
    host, _, port = server.rpartition(":")
    protocol = _protocol(values)
    context = ssl.create_default_context(cafile=client().get("ssl_cafile"))
    if not protocol.endswith("SSL"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, int(port)), _PATIENCE) as plain,
            context.wrap_socket(plain, server_hostname=host),
        ):
            speaks_tls = True
    except ssl.SSLCertVerificationError as error:
        return f"cannot be trusted ({error.verify_message}). Set KAFKA_SSL_CAFILE to the certificates of its signers."
    except (ssl.SSLError, ConnectionResetError):
        speaks_tls = False
    except OSError:
        return ""
    if speaks_tls != protocol.endswith("SSL"):
        speaks = "speaks" if speaks_tls else "does not speak"
        return f"{speaks} TLS, against KAFKA_SECURITY_PROTOCOL={protocol}. Set that to what its listener is."
    if protocol.startswith("SASL"):
        return (
            f"does not let {values['KAFKA_SASL_USERNAME']!r} in. Set KAFKA_SASL_USERNAME and KAFKA_SASL_MECHANISM, and "
            "KAFKA_SASL_PASSWORD or the file that KAFKA_SASL_PASSWORD_FILE names, to what it knows."
        )
    return "asks for a login. Set KAFKA_SECURITY_PROTOCOL=SASL_SSL and KAFKA_SASL_USERNAME." if speaks_tls else ""


def _protocol(values: dict[str, str]) -> str:
    return matching(values, "KAFKA_SECURITY_PROTOCOL", _PROTOCOLS, f"one of {_PROTOCOLS.replace('|', ', ')} is needed")


def _login(values: dict[str, str]) -> tuple[str, str, str]:
    allowed = f"one of {_MECHANISMS.replace('|', ', ')} is needed"
    mechanism = matching(values, "KAFKA_SASL_MECHANISM", _MECHANISMS, allowed)
    user = matching(values, "KAFKA_SASL_USERNAME", r".+", "a name to log in with is needed")
    return mechanism, user, os.environ.get("KAFKA_SASL_PASSWORD") or _password(values)


def _password(values: dict[str, str]) -> str:
    name = "KAFKA_SASL_PASSWORD_FILE"
    if not values[name]:
        raise SettingError(name, "", "a file with the password, or KAFKA_SASL_PASSWORD in the environment, is needed")
    return secret(values, name)
