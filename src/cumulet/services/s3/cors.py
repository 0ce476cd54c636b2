"""CORS: which pages of other origins may read and write a bucket, asked by the browsers that show them.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html and, for what a browser is told,
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html
"""

from __future__ import annotations

import re
from typing import Any

from cumulet.services import Answer
from cumulet.services.s3 import errors
from cumulet.services.s3.access import Access
from cumulet.services.s3.members import DIGESTS, honours
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers

METHODS = ("GET", "PUT", "HEAD", "POST", "DELETE")
MOST_RULES = 100
LONGEST_ID = 255
WANTED = "access-control-request-headers"
HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
FORBIDDEN = (
    "This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's "
    "CORS spec."
)

Rule = dict[str, Any]


class Cors(Access):
    @honours(DIGESTS)
    def put_bucket_cors(
        self,
        *,
        Bucket: str,
        CORSConfiguration: dict[str, list[Rule]],
        ExpectedBucketOwner: str = "",
        **members: Any,
    ) -> dict[str, Any]:
        """Keep the rules, for the next request of a browser's on."""
        self._bucket(Bucket, "s3:PutBucketCORS", owner=ExpectedBucketOwner)
        rules = CORSConfiguration["CORSRules"]
        if not 0 < len(rules) <= MOST_RULES:
            raise errors.malformed_xml()
        for rule in rules:
            _check(rule)
        self.store.records.put("s3.configuration", Bucket, "cors", {"rules": rules})
        return {}

    def get_bucket_cors(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:GetBucketCORS", owner=ExpectedBucketOwner)
        rules = self._cors(Bucket)
        if rules is None:
            raise errors.no_such_configuration("NoSuchCORSConfiguration", "CORS configuration", Bucket)
        return {"CORSRules": rules}

    def delete_bucket_cors(self, *, Bucket: str, ExpectedBucketOwner: str = "") -> dict[str, Any]:
        self._bucket(Bucket, "s3:PutBucketCORS", owner=ExpectedBucketOwner)
        self.store.records.delete("s3.configuration", Bucket, "cors")
        return Answer(status=204)

    def preflight(self, path: str, asked: Headers) -> dict[str, str]:
        """Nobody signs this: it tells of the rules, whatever the request itself will be told."""
        origin, method = asked.get("origin"), asked.get("access-control-request-method")
        if not origin:
            raise _bad("Insufficient information. Origin request header needed.")
        if method not in METHODS:
            raise _bad(f"Invalid Access-Control-Request-Method: {method or 'null'}")
        bucket, _, key = path.strip("/").partition("/")
        members = {"Method": method, "ResourceType": "OBJECT" if key else "BUCKET"}
        if self.store.records.get("s3.bucket", "", bucket) is None:
            raise _forbidden("Bucket not found", members)
        rules = self._cors(bucket)
        if rules is None:
            raise _forbidden("CORS is not enabled for this bucket.", members)
        wanted = [name for part in asked.get(WANTED).split(",") if (name := part.strip().lower())]
        rule = _matching(rules, origin, method, wanted)
        if rule is None:
            raise _forbidden(FORBIDDEN, members)
        return _told(rule, origin, wanted)

    def cross_origin(self, path: str, method: str, asked: Headers) -> dict[str, str]:
        """What lets the browser's page read the answer, be it an error; nothing where no rule allows it.

        S3 takes the method that a preflight asks about for any request's that tells one.
        """
        rules = self._cors(path.strip("/").partition("/")[0])
        origin = asked.get("origin")
        rule = _matching(rules or [], origin, asked.get("access-control-request-method") or method, [])
        return _told(rule, origin, []) if rule else {}

    def _cors(self, bucket: str) -> list[Rule] | None:
        found = self.store.records.get("s3.configuration", bucket, "cors")
        return found["rules"] if found else None


def _matching(rules: list[Rule], origin: str, method: str, wanted: list[str]) -> Rule | None:
    """The first rule that allows all of it: origin, method and every header that is asked for."""
    for rule in rules:
        allowed = [pattern.lower() for pattern in rule.get("AllowedHeaders", ())]
        if (
            method in rule["AllowedMethods"]
            and _fits_any(origin, rule["AllowedOrigins"])
            and all(_fits_any(name, allowed) for name in wanted)
        ):
            return rule
    return None


def _fits_any(text: str, patterns: list[str]) -> bool:
    return any(_fits(text, pattern) for pattern in patterns)


def _fits(text: str, pattern: str) -> bool:
    """Whether a text is of a pattern, whose one `*` stands for anything."""
    start, star, end = pattern.partition("*")
    if not star:
        return text == pattern
    return len(text) >= len(start) + len(end) and text.startswith(start) and text.endswith(end)


def _told(rule: Rule, origin: str, wanted: list[str]) -> dict[str, str]:
    """A page of any origin at all gets no credentials: browsers would not have it."""
    anybody = "*" in rule["AllowedOrigins"]
    told = {
        "Access-Control-Allow-Origin": "*" if anybody else origin,
        "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
        "Access-Control-Allow-Headers": ", ".join(wanted),
        "Access-Control-Expose-Headers": ", ".join(rule.get("ExposeHeaders", ())),
        "Access-Control-Max-Age": str(rule.get("MaxAgeSeconds", "")),
        "Access-Control-Allow-Credentials": "" if anybody else "true",
        "Vary": VARY,
    }
    return {name: value for name, value in told.items() if value}


def _check(rule: Rule) -> None:
    """Refuse a rule that AWS refuses."""
    if len(rule.get("ID", "")) > LONGEST_ID or not 0 <= rule.get("MaxAgeSeconds", 0) < 2**31:
        raise errors.malformed_xml()
    for method in rule["AllowedMethods"]:
        if method not in METHODS:
            text = "Found unsupported HTTP method in CORS config. Unsupported method is"
            raise errors.invalid_request(f"{text} {method}")
    for name in ("AllowedOrigin", "AllowedHeader"):
        for pattern in rule.get(f"{name}s", ()):
            if pattern.count("*") > 1:
                raise errors.invalid_request(f'{name} "{pattern}" can not have more than one wildcard.')
    for header in rule.get("ExposeHeaders", ()):
        if "*" in header:
            text = "contains wildcard. We currently do not support wildcard for ExposeHeader."
            raise errors.invalid_request(f'ExposeHeader "{header}" {text}')
        if not HEADER.fullmatch(header):
            raise errors.malformed_xml()


def _bad(text: str) -> AwsError:
    return AwsError("BadRequest", text, status=400)


def _forbidden(what: str, members: dict[str, Any]) -> AwsError:
    return AwsError("AccessForbidden", f"CORSResponse: {what}", status=403, **members)
