"""Who signed a form? What is signed is its policy, in the fields of Version 4 or of Version 2.

A form without a policy is anonymous: it goes where the bucket lets anybody put objects.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-authentication-HTTPPOST.html
"""

from __future__ import annotations

import base64
import hmac

from cumulet.wire import claim, form_policy, forms, guard, refusals
from cumulet.wire.message import Request
from cumulet.wire.sign import C, Find, Signature, holder, signing_key

VERSION_4 = ("X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Signature")
VERSION_2 = ("AWSAccessKeyId", "signature")


def authenticate(request: Request, find: Find[C], now: float) -> Signature[C]:
    """The signer of a form, which keeps to the policy that was signed; from here on its file is measured."""
    assert request.form
    fields = request.form.fields
    seal = guard.Seal(guard.UNSIGNED, None, refusals.S3)
    if not _signed(fields):
        if "policy" in fields:
            raise refusals.S3.missing()
        return Signature(None, "", "", seal)
    credential, region = _version_4(fields, find, now) if _is_4(fields) else _version_2(fields, find, now)
    policy = form_policy.read(fields["policy"])
    policy.check(request.form, now)
    request.body = form_policy.Measured(request.body, policy)
    return Signature(credential, region, "s3", seal)


def _is_4(fields: dict[str, str]) -> bool:
    return any(name.lower() in fields for name in VERSION_4)


def _signed(fields: dict[str, str]) -> bool:
    return any(name.lower() in fields for name in (*VERSION_4, *VERSION_2))


def _version_4(fields: dict[str, str], find: Find[C], now: float) -> tuple[C, str]:
    _demand(fields, ("policy", *VERSION_4))
    claimed = claim.from_form(fields, refusals.S3)
    credential = holder(claimed.access_key, claimed.token, find, now, refusals.S3)
    key = signing_key(credential.secret, claimed.day, claimed.region, claimed.service)
    computed = hmac.digest(key, fields["policy"].encode(), "sha256").hex()
    _compare(claimed.access_key, computed, claimed.signature, fields["policy"])
    return credential, claimed.region


def _version_2(fields: dict[str, str], find: Find[C], now: float) -> tuple[C, str]:
    _demand(fields, ("policy", *VERSION_2))
    access_key, token = fields["awsaccesskeyid"], fields.get("x-amz-security-token", "")
    credential = holder(access_key, token, find, now, refusals.S3)
    digest = hmac.digest(credential.secret.encode(), fields["policy"].encode(), "sha1")
    _compare(access_key, base64.b64encode(digest).decode(), fields["signature"], fields["policy"])
    return credential, ""


def _demand(fields: dict[str, str], names: tuple[str, ...]) -> None:
    for name in names:
        if name.lower() not in fields:
            raise forms.missing(name)


def _compare(access_key: str, computed: str, provided: str, policy: str) -> None:
    if not hmac.compare_digest(computed.encode(), provided.encode()):
        raise refusals.S3.wrong_signature(
            AWSAccessKeyId=access_key, StringToSign=policy, SignatureProvided=provided
        )
