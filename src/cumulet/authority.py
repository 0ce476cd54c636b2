"""The data directory's own certificate authority: TLS for amazonaws.com on this machine, and nothing else.

Clients are told to trust it by their environment only (environment.py); no system store is touched. Were
its key stolen, its name constraints would still make it worthless for any host that is not AWS's.
"""

from __future__ import annotations

import os
import re
import ssl
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

DOMAINS = ("amazonaws.com", "amazonaws.com.cn")
LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=90)
RENEWAL = timedelta(days=30)  # before the end, a certificate is made anew
BACKDATED = timedelta(days=2)  # for clients whose clock is behind
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# Where people and companies put the roots that they trust beside the public ones.
OWN_ROOTS = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Authority:
    """Key and certificate in one file (`authority/authority.pem`, mode 0600), made on first use."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "authority"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.key, self.certificate = self._load() or self._make()
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
        before = path.read_text() if path.exists() else ""
        own = self.certificate_path.read_text().strip()
        kept = CERTIFICATE.findall(before)[1:]
        text = "\n".join(dict.fromkeys([own, *kept, *_roots(exclude=self.folder)])) + "\n"
        if text != before:
            _write(path, text, 0o644)
        return path

    def context(self, host: str) -> ssl.SSLContext:
        """A TLS server for one host of AWS's, its certificate made on the fly and kept while it is good."""
        with self._making:
            made = self._contexts.get(host)
            if made is None or made[0] < _now():
                made = self._contexts[host] = (_now() + LEAF_LIFETIME - RENEWAL, self._server(host))
            return made[1]

    def _server(self, host: str) -> ssl.SSLContext:
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

    def _load(self) -> tuple[EllipticCurvePrivateKey, x509.Certificate] | None:
        """What is kept, unless its end is near."""
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        path = self.folder / "authority.pem"
        if not path.exists():
            return None
        pem = path.read_bytes()
        key, certificate = load_pem_private_key(pem, None), x509.load_pem_x509_certificate(pem)
        assert isinstance(key, EllipticCurvePrivateKey)
        if certificate.not_valid_after_utc - _now() < RENEWAL:
            path.unlink()
            return None
        self._publish(certificate)
        return key, certificate

    def _make(self) -> tuple[EllipticCurvePrivateKey, x509.Certificate]:
        """A new authority; of several processes that make one at once, the first to put it down wins."""
        from cryptography.hazmat.primitives.asymmetric import ec

        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _authority(key)
        draft = self.folder / f"authority.{os.getpid()}.{threading.get_ident()}.new"
        _write(draft, _pem(key, certificate), 0o600)
        try:
            os.link(draft, self.folder / "authority.pem")
        except FileExistsError:
            loaded = self._load()
            assert loaded
            return loaded
        finally:
            draft.unlink()
        self._publish(certificate)
        return key, certificate

    def _publish(self, certificate: x509.Certificate) -> None:
        from cryptography.hazmat.primitives.serialization import Encoding

        text = certificate.public_bytes(Encoding.PEM).decode()
        if not self.certificate_path.exists() or self.certificate_path.read_text() != text:
            _write(self.certificate_path, text, 0o644)


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


def _roots(exclude: Path) -> Iterable[str]:
    """The certificates of the user's own bundles, of the system, and of botocore."""
    for path in _root_files():
        if path.is_file() and exclude not in path.parents:
            yield from CERTIFICATE.findall(path.read_text(errors="replace"))


def _root_files() -> list[Path]:
    import botocore

    own = [Path(value) for name in OWN_ROOTS if (value := os.environ.get(name))]
    system = ssl.get_default_verify_paths()
    usual = [Path(name) for name in (system.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt") if name]
    return [*own, *usual, Path(botocore.__file__).with_name("cacert.pem")]


def _write(path: Path, text: str, mode: int) -> None:
    """Seen whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    draft.replace(path)


def _now() -> datetime:
    return datetime.now(UTC)
