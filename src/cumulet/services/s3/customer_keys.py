"""SSE-C: encryption with a key that the customer sends along with every request, and that is not kept.

Of the key only its MD5 is remembered, to tell a wrong one; who reads brings the key again. (While an upload
in parts is under way its key is kept, wrapped by the master key, since completing it names none.) AWS asks
for TLS; the loopback interface is as private as a connection gets.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cumulet.services.s3 import errors
from cumulet.wire.errors import AwsError

CUSTOMER = ("SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5")
OF_SOURCE = tuple(f"CopySource{name}" for name in CUSTOMER)
HEADER = "x-amz-server-side-encryption-customer"
KEY_BYTES = 32
NO_KEY = b""


@dataclass(frozen=True, slots=True)
class CustomerKey:
    key: bytes
    md5: str  # base64, as it is told

    def members(self) -> dict[str, str]:
        """What an answer says of it, and what is remembered."""
        return {"SSECustomerAlgorithm": "AES256", "SSECustomerKeyMD5": self.md5}


def told(members: Mapping[str, Any], prefix: str = "") -> CustomerKey | None:
    """The key that a request brings, checked for being one."""
    algorithm, text, md5 = (members.get(prefix + name) for name in CUSTOMER)
    if not (algorithm or text or md5):
        return None
    if not algorithm:
        raise _incomplete("must provide a valid encryption algorithm", "algorithm")
    if algorithm != "AES256":
        message = "The requested encryption algorithm is not valid, must be AES256."
        raise AwsError("InvalidEncryptionAlgorithmError", message, status=400)
    if not text:
        raise _incomplete("must provide an appropriate secret key", "key")
    if not md5:
        raise _incomplete("must provide the client calculated MD5 of the secret key", "key-MD5")
    key = _decoded(text)
    if len(key) != KEY_BYTES:
        raise errors.invalid_argument(
            "The secret key was invalid for the specified algorithm.", f"{HEADER}-key", "***"
        )
    computed = b64encode(hashlib.md5(key, usedforsecurity=False).digest()).decode()
    if not hmac.compare_digest(computed.encode(), md5.encode()):
        message = "The calculated MD5 hash of the key did not match the hash that was provided."
        raise errors.invalid_argument(message, f"{HEADER}-key-MD5", md5)
    return CustomerKey(key, md5)


def unlocking(detail: Mapping[str, Any], members: Mapping[str, Any], prefix: str = "") -> bytes:
    """The key that opens an object's bytes: the one it was stored with, and none where it needs none."""
    brought = told(members, prefix)
    needed = detail.get("encryption", {}).get("SSECustomerKeyMD5")
    if needed is None and brought is None:
        return NO_KEY
    if brought is None:
        raise errors.invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be "
            "provided to retrieve the object."
        )
    if needed is None:
        raise errors.invalid_request("The encryption parameters are not applicable to this object.")
    if not hmac.compare_digest(needed.encode(), brought.md5.encode()):
        message = "The provided encryption parameters did not match the ones used originally."
        raise errors.invalid_request(message)
    return brought.key


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _incomplete(what: str, header: str) -> AwsError:
    message = f"Requests specifying Server Side Encryption with Customer provided keys {what}."
    return errors.invalid_argument(message, f"{HEADER}-{header}", "null")
