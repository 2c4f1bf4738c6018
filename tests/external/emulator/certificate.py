"""Writes a key and a certificate for 127.0.0.1 into a folder; both are worth a month, on loopback.

Run by the python of `.envs/emulator`: `certificate.py <folder>`. With TLS, the policies that deny
unencrypted requests stay as they are.
"""

import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

# In an environment of its own, from the lock requirements/emulator.txt.
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def main(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "server.crt").write_bytes(_certificate(key).public_bytes(serialization.Encoding.PEM))
    file = folder / "server.key"
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "emulator on loopback")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
