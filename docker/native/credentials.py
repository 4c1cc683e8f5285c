"""What a stack keeps from others: certificates by a small authority of its own, passwords, and keys; made once.

Only their owner may read them. For brokers beyond this machine have certificates signed by an authority that knows who
asks.
"""

import json
import os
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Who logs in to Kafka: the jobs and producers, and the broker itself.
USERS = ("lakehouse", "broker")
DAYS = timedelta(days=825)
# What the authority's key is not for.
_OTHER_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "encipher_only", "decipher_only",
)  # fmt: skip
_PEM, _PKCS8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8


def write(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    part.rename(path)


def make(folder: Path) -> None:
    """Make the passwords and the certificates that are missing in a folder; `ca.pem` is written last."""
    folder.chmod(0o700)
    for user in USERS:
        if not (folder / f"{user}.password").exists():
            write(folder / f"{user}.password", secrets.token_urlsafe(24).encode())
    if (folder / "ca.pem").exists():
        return
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("Lakehouse on this machine", authority_key, None, authority_key)
    for name in ("broker", "api"):
        key = ec.generate_private_key(ec.SECP256R1())
        chain = _pem(_certificate(name, key, authority.subject, authority_key)) + _pem(authority)
        # Kafka takes both in one file, granian in two.
        write(folder / f"{name}.pem", (_key(key) if name == "broker" else b"") + chain)
        write(folder / f"{name}.key", _key(key))
    # The authority's key is kept nowhere: nothing is signed by it later.
    write(folder / "ca.pem", _pem(authority))


def make_s3_keys(folder: Path) -> None:
    """Make the keys of the S3 server: `identities.json` for it and, written last, `credentials` for its clients."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    key, secret = secrets.token_hex(10).upper(), secrets.token_hex(20)
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    identity = {"name": "lakehouse", "credentials": [{"accessKey": key, "secretKey": secret}], "actions": actions}
    write(folder / "identities.json", json.dumps({"identities": [identity]}).encode())
    write(folder / "credentials", f"[default]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n".encode())


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: x509.Name | None, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Return a certificate for this machine's own names, or of an authority where no other signs it."""
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer or subject, subject, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + DAYS
    ).add_extension(x509.BasicConstraints(ca=issuer is None, path_length=0 if issuer is None else None), critical=True)
    if issuer is None:
        none = dict.fromkeys(_OTHER_USES, False)
        builder = builder.add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **none), critical=True)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return builder.add_extension(own, critical=False).sign(signer, hashes.SHA256())
    # The broker is its own controller's client.
    uses = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    for extension in (uses, names, by):
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(_PEM)


def _key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(_PEM, _PKCS8, serialization.NoEncryption())
