"""Ids as IAM makes them: a prefix that says what it is, and random letters and digits.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import base64
import secrets
import string

LETTERS = string.ascii_uppercase + string.digits
SECRET = string.ascii_letters + string.digits + "+/"

USER = "AIDA"
ROLE = "AROA"
GROUP = "AGPA"
POLICY = "ANPA"
INSTANCE_PROFILE = "AIPA"


def unique_id(prefix: str) -> str:
    return prefix + "".join(secrets.choice(LETTERS) for _ in range(17))


def access_key_id(account: str, prefix: str = "AKIA") -> str:
    """An access key's id. The account is folded into its first bits, where tools that decode ids look."""
    head = 1 << 47 | int(account) << 7 | secrets.randbelow(1 << 7)
    packed = head.to_bytes(6, "big") + secrets.token_bytes(4)
    return prefix + base64.b32encode(packed).decode()


def secret_key() -> str:
    return "".join(secrets.choice(SECRET) for _ in range(40))


def account_id() -> str:
    """Twelve digits; the first is not 0, so that no tool that takes it for a number loses it."""
    return str(10**11 + secrets.randbelow(9 * 10**11))
