"""The certificates of one sandbox, signed by authorities that exist for it alone."""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.errors import StartFailed

AUTHORITY_LASTS = timedelta(days=3650)
LEAF_LASTS = timedelta(days=365)
RENEW_BEFORE = timedelta(days=60)
# The first address of the range for cluster IPs, which is the `kubernetes` Service's.
SERVICE_ADDRESS = "10.96.0.1"


@dataclass(frozen=True)
class Pair:
    """Where a certificate and its private key are (PEM)."""

    cert: Path
    key: Path


@dataclass(frozen=True)
class Pki:
    """All keys and certificates in a folder."""

    folder: Path

    def pair(self, name: str) -> Pair:
        return Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")

    @property
    def authority(self) -> Pair:
        """Signs what the API server shows and accepts."""
        return self.pair("ca")

    @property
    def etcd_authority(self) -> Pair:
        """Signs who may talk to etcd: the API server alone."""
        return self.pair("etcd-ca")

    @property
    def service_account_key(self) -> Path:
        return self.folder / "service-account.key"


# Kubernetes reads the user from the common name and its groups from the organisations.
CLIENTS = {
    "admin": ("sandbox-admin", ["system:masters"]),
    "kube-controller-manager": ("system:kube-controller-manager", []),
    "kube-scheduler": ("system:kube-scheduler", []),
    "kwok": ("sandbox:kwok", []),
    "traefik": ("sandbox:traefik", []),
}


def ensure_pki(folder: Path) -> Pki:
    """Make what is missing or expires within RENEW_BEFORE. The authorities and the token key stay the same."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    pki = Pki(folder)
    for authority, name in ((pki.authority, "sandbox"), (pki.etcd_authority, "sandbox etcd")):
        if not _lasts(authority):
            _make_authority(authority, name)
    if not pki.service_account_key.exists():
        _write_key(pki.service_account_key, ec.generate_private_key(ec.SECP256R1()))
    _ensure_leaf(pki.pair("server"), pki.authority, "sandbox-server", serves=True)
    _ensure_leaf(pki.pair("etcd-server"), pki.etcd_authority, "etcd", serves=True)
    _ensure_leaf(pki.pair("etcd-client"), pki.etcd_authority, "kube-apiserver", serves=False)
    for file_name, (user, groups) in CLIENTS.items():
        _ensure_leaf(pki.pair(file_name), pki.authority, user, groups, serves=False)
    return pki


def _lasts(pair: Pair) -> bool:
    if not (pair.cert.exists() and pair.key.exists()):
        return False
    cert = x509.load_pem_x509_certificate(pair.cert.read_bytes())
    return cert.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE


def _ensure_leaf(pair: Pair, authority: Pair, user: str, groups: Sequence[str] = (), *, serves: bool) -> None:
    if _lasts(pair) and _is_signed_by(pair, authority):
        return
    key = ec.generate_private_key(ec.SECP256R1())
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if serves else [])
    builder = (
        _builder(_name(user, groups), LEAF_LASTS)
        .issuer_name(x509.load_pem_x509_certificate(authority.cert.read_bytes()).subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usage), critical=False)
    )
    if serves:
        builder = builder.add_extension(x509.SubjectAlternativeName(_server_names()), critical=False)
    _write_key(pair.key, key)
    cert = builder.sign(_read_key(authority.key), hashes.SHA256())
    pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def _is_signed_by(pair: Pair, authority: Pair) -> bool:
    cert = x509.load_pem_x509_certificate(pair.cert.read_bytes())
    try:
        cert.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.cert.read_bytes()))
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _make_authority(pair: Pair, name: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    cert = (
        _builder(subject, AUTHORITY_LASTS)
        .issuer_name(subject)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(pair.key, key)
    pair.cert.write_bytes(cert.public_bytes(serialization.Encoding.PEM))


def _builder(subject: x509.Name, lasts: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .serial_number(x509.random_serial_number())
        # Clocks of virtual machines step back a little now and then.
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + lasts)
    )


def _name(common_name: str, organisations: Sequence[str] = ()) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in organisations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _server_names() -> list[x509.GeneralName]:
    names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
    addresses = ["127.0.0.1", "::1", SERVICE_ADDRESS]
    return [
        *(x509.DNSName(name) for name in names),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in addresses),
    ]


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def _read_key(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise StartFailed(f"{path} holds a key of another kind", next="Delete the folder it is in, then start again")
    return key
