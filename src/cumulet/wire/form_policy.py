"""The policy of a form: what its signer lets others upload, and until when.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cumulet.wire.errors import AwsError
from cumulet.wire.forms import Form
from cumulet.wire.message import Body

LARGEST = 5 << 30  # bytes that one upload may have at all
EXPIRATION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPES = {"$": "$", "v": "\\u000b"}  # that policies know and JSON does not
RANGE = "content-length-range"
# Fields that need no condition: what signs, what is signed, and checksums, which only make a check stricter.
# (AWS's page does not except checksums; the clients that send them leave them out of their policies.)
FREE = frozenset(("policy", "signature", "awsaccesskeyid", "x-amz-signature"))
FREE_PREFIXES = ("x-ignore-", "x-amz-checksum-")


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field must be, or begin with."""

    operator: str
    name: str
    value: str

    def holds(self, fields: dict[str, str]) -> bool:
        if not self.name.startswith("$"):
            return False
        field = self.name[1:].lower()
        if self.operator == "eq":
            return fields.get(field) == self.value
        found = fields.get(field, "")
        several = found.split(",") if field == "content-type" else [found]
        return all(part.strip().startswith(self.value) for part in several)

    def __str__(self) -> str:
        return json.dumps([self.operator, self.name, self.value], ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document, read."""

    expires: float
    conditions: list[Condition]
    least: int = 0
    most: int = LARGEST

    def check(self, form: Form, now: float) -> None:
        """Refuse a form that is not what the signer wanted. Every field must be named by some condition."""
        if self.expires < now:
            raise _violated("Policy expired.")
        fields = {**form.fields, "bucket": form.bucket}
        for condition in self.conditions:
            if not condition.holds(fields):
                raise _violated(f"Policy Condition failed: {condition}")
        named = {condition.name[1:].lower() for condition in self.conditions} | FREE
        extra = [name for name in fields if name not in named and not name.startswith(FREE_PREFIXES)]
        if extra:
            raise _violated(f"Extra input fields: {', '.join(extra)}")


def read(encoded: str) -> Policy:
    """A policy as it comes in its field: JSON, in base64."""
    document = _document(encoded)
    expiration, conditions = document.get("expiration"), document.get("conditions")
    if not isinstance(expiration, str):
        raise _invalid("Policy missing expiration.")
    if not isinstance(conditions, list):
        raise _invalid("Policy missing conditions.")
    least, most = 0, LARGEST
    kept = []
    for said in conditions:
        if isinstance(said, list) and said and str(said[0]).lower() == RANGE:
            low, high = _range(said)
            least, most = max(least, low), min(most, high)
        else:
            kept.append(_condition(said))
    return Policy(_expires(expiration), kept, least, most)


def _document(encoded: str) -> dict[str, Any]:
    try:
        text = base64.b64decode("".join(encoded.split()), validate=True).decode()
        found = json.loads(ESCAPE.sub(lambda escape: ESCAPES.get(escape[1], escape[0]), text))
    except (binascii.Error, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise _invalid("Invalid JSON.")
    return found


def _expires(text: str) -> float:
    try:
        if EXPIRATION.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except ValueError:
        pass  # of the right form, and no date: the 30th of February
    raise _invalid(f"Invalid 'expiration' value: '{text}'")


def _condition(said: Any) -> Condition:
    if isinstance(said, dict):
        if len(said) != 1:
            one = "Simple-Conditions must have exactly one property specified."
            raise _invalid(f"Invalid Simple-Condition: {one}")
        ((name, value),) = said.items()
        said = ["eq", f"${name}", value]
    if not (isinstance(said, list) and len(said) == 3 and all(isinstance(part, str) for part in said)):
        raise _invalid(f"Invalid Condition: {json.dumps(said)[:100]}: a list of operation, field and value.")
    operator = said[0].lower()
    if operator not in ("eq", "starts-with"):
        raise _invalid(f"Invalid Condition: unknown operation '{said[0]:.40}'.")
    return Condition(operator, said[1], said[2])


def _range(said: list[Any]) -> tuple[int, int]:
    """The least and the most bytes that the file may have, as numbers or as their digits."""
    sizes = [str(size) for size in said[1:] if isinstance(size, int | str) and not isinstance(size, bool)]
    if len(said) != 3 or len(sizes) != 2 or not all(re.fullmatch(r"[0-9]{1,18}", size) for size in sizes):
        raise _invalid(f"Invalid Condition: {RANGE} takes a minimum and a maximum size in bytes.")
    return int(sizes[0]), int(sizes[1])


class Measured:
    """A form's file, which must be neither smaller nor larger than its policy says."""

    def __init__(self, source: Body, policy: Policy) -> None:
        self.source = source
        self.policy = policy
        self.count = 0

    def read(self, size: int = -1, /) -> bytes:
        """Too many bytes end it at once: what more of them are under way is not counted."""
        piece = self.source.read(size)
        self.count += len(piece)
        if self.count > self.policy.most:
            text = "Your proposed upload exceeds the maximum allowed size"
            raise self._refused("EntityTooLarge", text, MaxSizeAllowed=str(self.policy.most))
        if self.count < self.policy.least and (size < 0 or (size and not piece)):
            text = "Your proposed upload is smaller than the minimum allowed size"
            raise self._refused("EntityTooSmall", text, MinSizeAllowed=str(self.policy.least))
        return piece

    def _refused(self, code: str, text: str, **limit: Any) -> AwsError:
        return AwsError(code, text, status=400, ProposedSize=str(self.count), **limit)


def _invalid(what: str) -> AwsError:
    return AwsError("InvalidPolicyDocument", f"Invalid Policy: {what}", status=400)


def _violated(what: str) -> AwsError:
    return AwsError("AccessDenied", f"Invalid according to Policy: {what}", status=403)
