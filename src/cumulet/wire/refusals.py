"""How AWS says no to a signature: each family of services has its own codes, words and statuses.

Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (S3),
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html (query services),
https://docs.aws.amazon.com/glue/latest/webapi/CommonErrors.html (JSON services).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cumulet.wire.errors import AwsError
from cumulet.wire.route import Route

WRONG = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True, slots=True)
class Refusals:
    """The services that speak JSON, CBOR or the query protocol: they differ in codes alone."""

    missing_code: str
    unknown_code: str
    wrong_code: str
    incomplete_code: str
    expired_token_code: str
    status: int
    missing_text: str
    incomplete_status: int = 400

    def missing(self) -> AwsError:
        return AwsError(self.missing_code, self.missing_text, status=self.status)

    def unknown_key(self, access_key: str) -> AwsError:
        return AwsError(
            self.unknown_code, "The security token included in the request is invalid.", status=self.status
        )

    def bad_token(self, token: str) -> AwsError:
        return self.unknown_key("")

    def expired_token(self, token: str) -> AwsError:
        text = "The security token included in the request is expired"
        return AwsError(self.expired_token_code, text, status=self.status)

    def wrong_signature(self, **evidence: str) -> AwsError:
        return AwsError(self.wrong_code, WRONG, status=self.status)

    def wrong_payload(self, claimed: str, computed: str) -> AwsError:
        return AwsError(self.wrong_code, WRONG, status=self.status)

    def skewed(self, stamp: str, signed: float, now: float, allowed: float) -> AwsError:
        minutes = f"{allowed / 60:g} min."
        if signed > now:
            limit = f"{_basic(now + allowed)} ({_basic(now)} + {minutes})"
            text = f"Signature not yet current: {stamp} is still later than {limit}"
        else:
            limit = f"{_basic(now - allowed)} ({_basic(now)} - {minutes})"
            text = f"Signature expired: {stamp} is now earlier than {limit}"
        return AwsError(self.wrong_code, text, status=self.status)

    def url_expired(self, signed: float, seconds: int, now: float) -> AwsError:
        text = (
            f"Signature expired: {_basic(signed)} is now earlier than {_basic(now - seconds)} ({_basic(now)})"
        )
        return AwsError(self.wrong_code, text, status=self.status)

    def malformed(self, text: str, *, presigned: bool) -> AwsError:
        return AwsError(self.incomplete_code, text, status=self.incomplete_status)

    def incomplete(self, absent: list[str], *, presigned: bool) -> AwsError:
        where = "AWS query-string parameters must include" if presigned else "Authorization header requires"
        return self.malformed(" ".join(f"{where} '{name}'." for name in absent), presigned=presigned)

    def undated(self) -> AwsError:
        text = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        return self.malformed(text, presigned=False)

    def wrong_service(self, scoped: str, right: str, *, presigned: bool) -> AwsError:
        return AwsError(
            self.wrong_code,
            f"Credential should be scoped to correct service: '{right}'. ",
            status=self.status,
        )

    def wrong_date(self, scoped: str, stamp: str, *, presigned: bool) -> AwsError:
        text = (
            f"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{scoped}' != '{stamp[:8]}', from '{stamp}'."
        )
        return AwsError(self.wrong_code, text, status=self.status)

    def unsigned_headers(self, names: list[str]) -> AwsError:
        text = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
        return AwsError(self.wrong_code, text, status=self.status)

    def two_mechanisms(self, authorization: str) -> AwsError:
        text = (
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query "
            "string parameter or the Authorization header should be specified"
        )
        members: dict[str, Any] = {"ArgumentName": "Authorization", "ArgumentValue": authorization}
        return AwsError("InvalidArgument", text, status=400, **members)

    def unsupported_authorization(self, value: str) -> AwsError:
        return self.incomplete(["Credential", "Signature", "SignedHeaders"], presigned=False)


class S3Refusals(Refusals):
    """S3: the only service that shows what it computed, so that a client's author can compare."""

    __slots__ = ()

    def missing(self) -> AwsError:
        return AwsError("AccessDenied", "Access Denied", status=403)

    def unknown_key(self, access_key: str) -> AwsError:
        text = "The AWS Access Key Id you provided does not exist in our records."
        return AwsError("InvalidAccessKeyId", text, status=403, AWSAccessKeyId=access_key)

    def bad_token(self, token: str) -> AwsError:
        text = "The provided token is malformed or otherwise invalid."
        members: dict[str, Any] = {"Token-0": token}
        return AwsError("InvalidToken", text, status=400, **members)

    def expired_token(self, token: str) -> AwsError:
        members: dict[str, Any] = {"Token-0": token}
        return AwsError("ExpiredToken", "The provided token has expired.", status=400, **members)

    def wrong_signature(self, **evidence: str) -> AwsError:
        text = (
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method."
        )
        members: dict[str, Any] = {}
        for name, value in evidence.items():
            members[name] = value
            if name in ("StringToSign", "CanonicalRequest"):
                members[f"{name}Bytes"] = value.encode("latin-1", "replace").hex(" ")
        return AwsError("SignatureDoesNotMatch", text, status=403, **members)

    def wrong_payload(self, claimed: str, computed: str) -> AwsError:
        text = "The provided 'x-amz-content-sha256' header does not match what was computed."
        members: dict[str, Any] = {
            "ClientComputedContentSHA256": claimed,
            "S3ComputedContentSHA256": computed,
        }
        return AwsError("XAmzContentSHA256Mismatch", text, status=400, **members)

    def skewed(self, stamp: str, signed: float, now: float, allowed: float) -> AwsError:
        return AwsError(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            status=403,
            RequestTime=stamp,
            ServerTime=_extended(now),
            MaxAllowedSkewMilliseconds=str(int(allowed * 1000)),
        )

    def url_expired(self, signed: float, seconds: int, now: float) -> AwsError:
        members: dict[str, Any] = {
            "X-Amz-Expires": str(seconds),
            "Expires": _extended(signed + seconds),
            "ServerTime": _extended(now),
        }
        return AwsError("AccessDenied", "Request has expired", status=403, **members)

    def malformed(self, text: str, *, presigned: bool) -> AwsError:
        if presigned:
            return AwsError("AuthorizationQueryParametersError", text, status=400)
        text = f"The authorization header is malformed; {text}"
        return AwsError("AuthorizationHeaderMalformed", text, status=400)

    def incomplete(self, absent: list[str], *, presigned: bool) -> AwsError:
        if presigned:
            text = (
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
                "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
            )
            return self.malformed(text, presigned=True)
        return self.malformed(
            f"the authorization header requires three components: Credential, SignedHeaders, and Signature. "
            f"Missing: {', '.join(absent)}.",
            presigned=False,
        )

    def undated(self) -> AwsError:
        return AwsError(
            "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", status=403
        )

    def wrong_service(self, scoped: str, right: str, *, presigned: bool) -> AwsError:
        where = "Error parsing the X-Amz-Credential parameter; " if presigned else ""
        text = f'{where}incorrect service "{scoped}". This endpoint belongs to "{right}".'
        return self.malformed(text, presigned=presigned)

    def wrong_date(self, scoped: str, stamp: str, *, presigned: bool) -> AwsError:
        where = "Error parsing the X-Amz-Credential parameter; " if presigned else ""
        text = f'{where}incorrect date "{scoped}". This date is not the same as X-Amz-Date: "{stamp[:8]}".'
        return self.malformed(text, presigned=presigned)

    def unsigned_headers(self, names: list[str]) -> AwsError:
        text = "There were headers present in the request which were not signed"
        return AwsError("AccessDenied", text, status=403, HeadersNotSigned=", ".join(names))

    def unsupported_authorization(self, value: str) -> AwsError:
        members: dict[str, Any] = {"ArgumentName": "Authorization", "ArgumentValue": value}
        return AwsError("InvalidArgument", "Unsupported Authorization Type", status=400, **members)


def _json(status: int) -> Refusals:
    return Refusals(
        missing_code="MissingAuthenticationTokenException",
        unknown_code="UnrecognizedClientException",
        wrong_code="InvalidSignatureException",
        incomplete_code="IncompleteSignatureException",
        expired_token_code="ExpiredTokenException",
        status=status,
        missing_text="Missing Authentication Token",
        incomplete_status=status,
    )


QUERY = Refusals(
    missing_code="MissingAuthenticationToken",
    unknown_code="InvalidClientTokenId",
    wrong_code="SignatureDoesNotMatch",
    incomplete_code="IncompleteSignature",
    expired_token_code="ExpiredToken",
    status=403,
    missing_text="Request is missing Authentication Token",
)
S3 = S3Refusals("", "", "", "", "", 403, "")
OF_PROTOCOL = {"query": QUERY, "ec2": QUERY, "rest-json": _json(403), "rest-xml": QUERY}
JSON = _json(400)


def of(route: Route) -> Refusals:
    return S3 if route.service == "s3" else OF_PROTOCOL.get(route.protocol, JSON)


def _basic(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y%m%dT%H%M%SZ")


def _extended(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
