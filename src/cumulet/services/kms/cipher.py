"""Encryption with AES-256-GCM. The encryption context is authenticated, so decryption needs the same one.

A ciphertext is: a byte for the form (1), the key's id, the nonce (12 bytes), the sealed text with its tag.
It is of use on this server only, as AWS's are on AWS only.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cumulet.services.kms.found import AES, Body, FoundKeys
from cumulet.wire.errors import AwsError

FORM = b"\x01"
NONCE = 12
HEAD = len(FORM) + 16 + NONCE
SIZES = {"AES_128": 16, "AES_256": 32}
Context = dict[str, str] | None


class Cipher(FoundKeys):
    def encrypt(
        self,
        *,
        KeyId: str,
        Plaintext: bytes,
        EncryptionContext: Context = None,
        EncryptionAlgorithm: str = AES,
        DryRun: bool = False,
    ) -> Body:
        _check_algorithm(EncryptionAlgorithm)
        key = self._usable(KeyId, "Encrypt")
        _check_dry_run(DryRun)
        blob = _seal(key, Plaintext, EncryptionContext)
        return {"CiphertextBlob": blob, "KeyId": key["arn"], "EncryptionAlgorithm": AES}

    def decrypt(
        self,
        *,
        CiphertextBlob: bytes,
        EncryptionContext: Context = None,
        KeyId: str | None = None,
        EncryptionAlgorithm: str = AES,
        DryRun: bool = False,
    ) -> Body:
        """The ciphertext says which key; a KeyId given as well must be that one."""
        _check_algorithm(EncryptionAlgorithm)
        key = self._key_of(CiphertextBlob, KeyId, "Decrypt")
        plaintext = _open(key, CiphertextBlob, EncryptionContext)
        _check_dry_run(DryRun)
        return {"KeyId": key["arn"], "Plaintext": plaintext, "EncryptionAlgorithm": AES}

    def re_encrypt(
        self,
        *,
        CiphertextBlob: bytes,
        DestinationKeyId: str,
        SourceEncryptionContext: Context = None,
        SourceKeyId: str | None = None,
        DestinationEncryptionContext: Context = None,
        SourceEncryptionAlgorithm: str = AES,
        DestinationEncryptionAlgorithm: str = AES,
        DryRun: bool = False,
    ) -> Body:
        _check_algorithm(SourceEncryptionAlgorithm)
        _check_algorithm(DestinationEncryptionAlgorithm)
        source = self._key_of(CiphertextBlob, SourceKeyId, "ReEncryptFrom")
        target = self._usable(DestinationKeyId, "ReEncryptTo")
        plaintext = _open(source, CiphertextBlob, SourceEncryptionContext)
        _check_dry_run(DryRun)
        return {
            "CiphertextBlob": _seal(target, plaintext, DestinationEncryptionContext),
            "SourceKeyId": source["arn"],
            "KeyId": target["arn"],
            "SourceEncryptionAlgorithm": AES,
            "DestinationEncryptionAlgorithm": AES,
        }

    def generate_data_key(
        self,
        *,
        KeyId: str,
        EncryptionContext: Context = None,
        NumberOfBytes: int | None = None,
        KeySpec: str | None = None,
        DryRun: bool = False,
    ) -> Body:
        """A fresh key, in clear and sealed, to encrypt something large with."""
        if (NumberOfBytes is None) == (KeySpec is None):
            text = "Please specify either number of bytes or key spec."
            raise AwsError("ValidationException", text, status=400)
        size = SIZES[KeySpec] if KeySpec else NumberOfBytes
        key = self._usable(KeyId, "GenerateDataKey")
        _check_dry_run(DryRun)
        plaintext = secrets.token_bytes(size)
        blob = _seal(key, plaintext, EncryptionContext)
        return {"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": key["arn"]}

    def generate_data_key_without_plaintext(
        self,
        *,
        KeyId: str,
        EncryptionContext: Context = None,
        NumberOfBytes: int | None = None,
        KeySpec: str | None = None,
        DryRun: bool = False,
    ) -> Body:
        made = self.generate_data_key(
            KeyId=KeyId,
            EncryptionContext=EncryptionContext,
            NumberOfBytes=NumberOfBytes,
            KeySpec=KeySpec,
            DryRun=DryRun,
        )
        return {"CiphertextBlob": made["CiphertextBlob"], "KeyId": made["KeyId"]}

    def generate_random(self, *, NumberOfBytes: int | None = None) -> Body:
        if NumberOfBytes is None:
            raise AwsError("ValidationException", "NumberOfBytes is required.", status=400)
        return {"Plaintext": secrets.token_bytes(NumberOfBytes)}

    def _key_of(self, blob: bytes, name: str | None, action: str) -> Body:
        """The key that sealed a ciphertext."""
        if len(blob) < HEAD or not blob.startswith(FORM):
            raise AwsError("InvalidCiphertextException", "The ciphertext is not one of this server's.")
        sealed_by = str(uuid.UUID(bytes=blob[1:17]))
        if name is not None and self._key(name, action)["id"] != sealed_by:
            text = "The key ID in the request does not identify a CMK that can perform this operation."
            raise AwsError("IncorrectKeyException", text)
        return self._usable(sealed_by, action)


def _seal(key: Body, plaintext: bytes, context: Context) -> bytes:
    nonce = secrets.token_bytes(NONCE)
    head = FORM + uuid.UUID(key["id"]).bytes + nonce
    return head + _material(key).encrypt(nonce, plaintext, _authenticated(context))


def _open(key: Body, blob: bytes, context: Context) -> bytes:
    try:
        return _material(key).decrypt(blob[HEAD - NONCE : HEAD], blob[HEAD:], _authenticated(context))
    except InvalidTag:
        text = "The ciphertext was altered, or the encryption context is not the one it was encrypted with."
        raise AwsError("InvalidCiphertextException", text) from None


def _material(key: Body) -> AESGCM:
    return AESGCM(base64.b64decode(key["material"]))


def _authenticated(context: Context) -> bytes:
    return json.dumps(context or {}, sort_keys=True, separators=(",", ":")).encode()


def _check_algorithm(algorithm: str) -> None:
    if algorithm != AES:
        text = f"The key's algorithm is {AES}, not {algorithm}."
        raise AwsError("InvalidKeyUsageException", text)


def _check_dry_run(wanted: bool) -> None:
    """A dry run that would have worked is told so by an error, as on AWS."""
    if wanted:
        text = "The request would have succeeded, but the DryRun option is set."
        raise AwsError("DryRunOperationException", text)
