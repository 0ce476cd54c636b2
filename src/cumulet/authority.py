"""The data directory's own certificate authority: TLS for amazonaws.com on this machine, and nothing else.

Clients are told to trust it by their environment only (environment.py); no system store is touched. Were
its key stolen, its name constraints would still make it worthless for any host that is not AWS's.
"""

from __future__ import annotations

import os
import re
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cumulet.presence import exclusive, private

if TYPE_CHECKING:
    import ssl

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

DOMAINS = ("amazonaws.com", "amazonaws.com.cn")
LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=90)
RENEWAL = timedelta(days=30)  # before the end, a certificate is made anew
BACKDATED = timedelta(days=2)  # for clients whose clock is behind
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
SYSTEM_ROOTS = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL, Amazon Linux
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS, BSD
)
# Where people and companies put the roots that they trust beside the public ones.
OWN_ROOTS = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Authority:
    """Key and certificate in one file (`authority/authority.pem`, mode 0600), made anew before its end.

    Opening one reads neither: commands that only hand out paths stay quick.
    """

    def __init__(self, data_dir: Path) -> None:
        self.folder = private(data_dir / "authority")
        self.path = self.folder / "authority.pem"
        if not self._current():
            self._make()
        self._leaf_key: EllipticCurvePrivateKey | None = None
        self._contexts: dict[str, tuple[datetime, ssl.SSLContext]] = {}
        self._making = threading.Lock()

    @property
    def certificate_path(self) -> Path:
        """The certificate alone: what `NODE_EXTRA_CA_CERTS` and a browser's import dialog take."""
        return self.folder / "ca.pem"

    def bundle(self) -> Path:
        """The certificate and every public or own root that clients may need: what `AWS_CA_BUNDLE` takes.

        It must hold the others too, because these variables replace a client's roots, and hosts that are
        not AWS's are still verified by the client.
        """
        path = self.folder / "bundle.pem"
        sources = _sources(exclude=self.folder)
        made_from = "# " + " ".join(map(_stamp, [self.certificate_path, *sources]))
        before = path.read_text() if path.exists() else ""
        if not before.startswith(made_from + "\n"):
            own = self.certificate_path.read_text().strip()
            kept = CERTIFICATE.findall(before)[1:]
            blocks = dict.fromkeys([own, *kept, *_certificates(sources)])
            _write(path, "\n".join([made_from, *blocks, ""]), 0o644)
        return path

    def context(self, host: str) -> ssl.SSLContext:
        """A TLS server for one host of AWS's, its certificate made on the fly and kept while it is good."""
        with self._making:
            made = self._contexts.get(host)
            if made is None or made[0] < _now():
                made = self._contexts[host] = (_now() + LEAF_LIFETIME - RENEWAL, self._server(host))
            return made[1]

    @cached_property
    def key(self) -> EllipticCurvePrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key = load_pem_private_key(self.path.read_bytes(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        return key

    @cached_property
    def certificate(self) -> x509.Certificate:
        from cryptography import x509

        return x509.load_pem_x509_certificate(self.certificate_path.read_bytes())

    def _server(self, host: str) -> ssl.SSLContext:
        import ssl

        from cryptography.hazmat.primitives.asymmetric import ec

        self._leaf_key = self._leaf_key or ec.generate_private_key(ec.SECP256R1())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        pem = _pem(self._leaf_key, self._leaf(host, self._leaf_key))
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".pem") as file:  # ssl only takes files
            file.write(pem)
            file.flush()
            context.load_cert_chain(file.name)
        return context

    def _leaf(self, host: str, key: EllipticCurvePrivateKey) -> x509.Certificate:
        from cryptography import x509
        from cryptography.x509.oid import ExtendedKeyUsageOID

        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            _certificate("Cumulet on this machine", self.certificate.subject, key, LEAF_LIFETIME)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True), critical=True)
            .add_extension(usage, critical=False)
            .add_extension(issuer, critical=False)
            .sign(self.key, _digest())
        )

    def _current(self) -> bool:
        """Whether both files are there and far from their end (a file is as old as its certificate)."""
        if not (self.path.exists() and self.certificate_path.exists()):
            return False
        return _now().timestamp() < self.path.stat().st_mtime + (LIFETIME - RENEWAL).total_seconds()

    def _make(self) -> None:
        """A new authority, made by one process at a time."""
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.hazmat.primitives.serialization import Encoding

        with exclusive(self.folder / "lock"):
            if self._current():
                return
            key = ec.generate_private_key(ec.SECP256R1())
            certificate = _authority(key)
            _write(self.certificate_path, certificate.public_bytes(Encoding.PEM).decode(), 0o644)
            _write(self.path, _pem(key, certificate), 0o600)


def _authority(key: EllipticCurvePrivateKey) -> x509.Certificate:
    """Self-signed, able to sign for AWS's domains only, with the extensions that strict verifiers want."""
    from cryptography import x509

    name = "Cumulet local authority (amazonaws.com on this machine)"
    permitted = x509.NameConstraints([x509.DNSName(domain) for domain in DOMAINS], None)
    return (
        _certificate(name, None, key, LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .add_extension(permitted, critical=True)
        .sign(key, _digest())
    )


def _certificate(
    name: str, issuer: x509.Name | None, key: EllipticCurvePrivateKey, lifetime: timedelta
) -> x509.CertificateBuilder:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - BACKDATED)
        .not_valid_after(_now() + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(**allowed: bool) -> x509.KeyUsage:
    from cryptography import x509

    uses = [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    ]
    return x509.KeyUsage(**{use: allowed.get(use, False) for use in uses})


def _digest() -> SHA256:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _pem(key: EllipticCurvePrivateKey, certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives import serialization

    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return (private + certificate.public_bytes(pem)).decode()


def _sources(exclude: Path) -> list[Path]:
    """The user's own bundles, the system's, and botocore's."""
    import botocore

    own = [Path(value) for name in OWN_ROOTS if (value := os.environ.get(name))]
    found = [*own, *map(Path, SYSTEM_ROOTS), Path(botocore.__file__).with_name("cacert.pem")]
    return [path for path in dict.fromkeys(found) if path.is_file() and exclude not in path.parents]


def _stamp(path: Path) -> str:
    found = path.stat()
    return f"{path.name}:{found.st_ino}:{found.st_size}:{found.st_mtime_ns}"


def _certificates(paths: list[Path]) -> Iterable[str]:
    return (block for path in paths for block in CERTIFICATE.findall(path.read_text(errors="replace")))


def _write(path: Path, text: str, mode: int) -> None:
    """Seen whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    draft.replace(path)


def _now() -> datetime:
    return datetime.now(UTC)
