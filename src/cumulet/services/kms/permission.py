"""What a key's policy allows: nobody uses a key that its policy does not give to them.

A key without a policy of its own has the default one, which gives it to everybody in its account.
https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Caller, policies, principals
from cumulet.wire.errors import AwsError

LARGEST = 32 * 1024


def permit(caller: Caller, key: dict[str, Any], action: str, now: float) -> None:
    """AWS's refusal where the key's policy does not allow this caller the action."""
    if (text := key.get("policy")) is None or _allows(text, caller, action, key["arn"], now):
        return
    raise AwsError(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: kms:{action} on resource: {key['arn']} because no "
        f"resource-based policy allows the kms:{action} action",
        status=400,
    )


def check(caller: Caller, text: str, now: float, *, bypass: bool) -> None:
    """Refuse what is no key policy, and one that would lock its own author out."""
    try:
        policies.parse(text, "resource")
    except policies.Malformed as error:
        raise AwsError("MalformedPolicyDocumentException", str(error)) from None
    if len(text) > LARGEST:
        raise AwsError("LimitExceededException", f"A key policy has at most {LARGEST} characters.")
    if not bypass and not _allows(text, caller, "PutKeyPolicy", "*", now):
        raise AwsError(
            "MalformedPolicyDocumentException",
            "The new key policy will not allow you to update the key policy in the future.",
        )


def _allows(text: str, caller: Caller, action: str, arn: str, now: float) -> bool:
    policy, given = policies.parse(text, "resource"), principals.context(caller, now)
    return policies.decide([policy], f"kms:{action}", arn, principals.of(caller), given).allowed
