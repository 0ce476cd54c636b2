"""botocore's signers are the oracle: what they sign is taken, what is changed afterwards is refused."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import pytest
from botocore.auth import (
    HmacV1Auth,
    HmacV1QueryAuth,
    S3SigV4Auth,
    S3SigV4QueryAuth,
    SigV4Auth,
    SigV4QueryAuth,
)
from botocore.awsrequest import AWSRequest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cumulet.wire import claim, guard, sign_v2
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request

from .signing import KEY, Key, asked, check, received

THEN = 1369353600.0  # 20130524T000000Z
SIGNING_NAMES = {"sagemaker-runtime": "sagemaker"}

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
SEGMENTS = st.lists(TEXT | st.sampled_from(["", ".", "..", "a", "%2F"]), max_size=5)
OWN = ("x-amz-", "awsaccesskeyid", "signature", "expires", "content-")  # what signing itself adds
NAMES = TEXT.filter(lambda name: name and not name.lower().startswith(OWN))
PARAMETERS = st.lists(st.tuples(NAMES, TEXT), max_size=5)
HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
HEADERS = st.dictionaries(st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True), HEADER_TEXT, max_size=5)
REGIONS = st.sampled_from(["us-east-1", "eu-central-1", "ap-southeast-5", "xx-nowhere-9"])
BODIES = st.binary(max_size=100)
METHODS = st.sampled_from(["GET", "PUT", "POST", "DELETE", "HEAD"])
RESERVED = {"host", "date", "authorization", "expect", "user-agent", "transfer-encoding", "connection"}


# Subresources that botocore does not know: it leaves them out of what it signs, so anybody might add them.
UNKNOWN = sign_v2.SUBRESOURCES - set(HmacV1Auth.QSAOfInterest)
Made = tuple[AWSRequest, str]


@st.composite
def requests(draw: st.DrawFn, bodies: st.SearchStrategy[bytes] = BODIES) -> Made:
    path = "/" + "/".join(quote(segment, safe="~") for segment in draw(SEGMENTS))
    query = "&".join(f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in draw(PARAMETERS))
    headers = {f"x-{name}": value for name, value in draw(HEADERS).items() if name not in RESERVED}
    url = f"http://127.0.0.1:4566{path}" + (f"?{query}" if query else "")
    return asked(draw(METHODS), url, headers, draw(bodies))


def stamped(request: AWSRequest, name: str) -> str:
    """What the signer wrote into the URL: the clock of the test is read there, since time goes on meanwhile."""
    (value,) = parse_qs(request.url.partition("?")[2])[name]
    return value


def signed_at(request: AWSRequest) -> float:
    return datetime.strptime(stamped(request, "X-Amz-Date") + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()


class TestVersion4:
    @settings(max_examples=700, deadline=None)
    @given(requests(), REGIONS)
    def test_whatever_botocore_signs_for_s3_is_accepted(self, made: Made, region: str) -> None:
        request, _ = made
        S3SigV4Auth(KEY.credentials(), "s3", region).add_auth(request)
        incoming = received(request)
        found = check(incoming, "s3", time.time())
        assert (found.credential, found.region, found.service) == (KEY, region, "s3")
        assert found.guard(incoming.body).read() == (request.body or b"")

    @settings(max_examples=700, deadline=None)
    @given(requests(), REGIONS, st.sampled_from(["glue", "sts", "sagemaker-runtime", "logs"]))
    def test_whatever_botocore_signs_for_other_services_is_accepted(
        self, made: Made, region: str, service: str
    ) -> None:
        request, _ = made
        SigV4Auth(KEY.credentials(), SIGNING_NAMES.get(service, service), region).add_auth(request)
        incoming = received(request)
        found = check(incoming, service, time.time())
        assert found.credential == KEY
        assert found.guard(incoming.body).read() == (request.body or b"")

    @settings(max_examples=500, deadline=None)
    @given(requests(st.just(b"")), st.integers(0, 7 * 24 * 3600))
    def test_presigned_urls_are_accepted_until_they_expire(self, made: Made, seconds: int) -> None:
        request, _ = made
        S3SigV4QueryAuth(KEY.credentials(), "s3", "us-east-1", expires=seconds).add_auth(request)
        incoming, end = received(request), signed_at(request) + seconds
        assert check(incoming, "s3", end).credential == KEY
        with pytest.raises(AwsError, match="AccessDenied: Request has expired"):
            check(incoming, "s3", end + 1)

    @settings(max_examples=200, deadline=None)
    @given(PARAMETERS)
    def test_presigned_urls_of_other_services_are_accepted(self, parameters: list[tuple[str, str]]) -> None:
        query = urlencode(parameters, quote_via=quote)
        request, _ = asked("GET", f"http://127.0.0.1:4566/?Action=GetCallerIdentity&{query}".rstrip("&"))
        SigV4QueryAuth(KEY.credentials(), "sts", "us-east-1", expires=60).add_auth(request)
        assert check(received(request), "sts", time.time()).credential == KEY

    def test_a_blank_may_travel_as_a_plus(self) -> None:
        """Other HTTP clients spell the query anew after it was signed."""
        request, _ = asked("GET", "http://h/b?prefix=a%20b%2Bc")
        S3SigV4Auth(KEY.credentials(), "s3", "us-east-1").add_auth(request)
        incoming = received(request)
        incoming.query = "prefix=a+b%2bc"
        assert check(incoming, "s3", time.time()).credential == KEY

    def test_an_unsigned_request_has_no_signer(self) -> None:
        assert check(Request("GET", "/"), "s3", time.time()).credential is None

    def test_a_header_sent_twice_counts_once_with_both_values(self) -> None:
        request, _ = asked("GET", "http://h/b")
        request.headers.add_header("x-many", "a")
        request.headers.add_header("x-many", "  b   c ")
        S3SigV4Auth(KEY.credentials(), "s3", "us-east-1").add_auth(request)
        assert check(received(request), "s3", time.time()).credential == KEY

    def test_a_date_header_may_stand_for_the_amazon_one(self) -> None:
        request, _ = asked("GET", "http://h/b", {"Date": "now"})
        S3SigV4Auth(KEY.credentials(), "s3", "us-east-1").add_auth(request)
        incoming = received(request)
        pairs = [*incoming.headers.pairs]
        assert "x-amz-date" not in incoming.headers
        incoming.headers = Headers(pairs)
        assert check(incoming, "s3", time.time()).credential == KEY


class TestVersion2:
    @settings(max_examples=300, deadline=None)
    @given(requests(), st.integers(1, 10**6))
    def test_presigned_urls_are_accepted_until_they_expire(self, made: Made, seconds: int) -> None:
        request, path = made
        assume(not UNKNOWN & claim.parameters_of(request.url.partition("?")[2]).keys())
        HmacV1QueryAuth(KEY.credentials(), expires=seconds).add_auth(request)
        incoming, end = received(request), int(stamped(request, "Expires"))
        assert check(incoming, "s3", end, path=path).credential == KEY
        with pytest.raises(AwsError, match="AccessDenied: Request has expired"):
            check(incoming, "s3", end + 1, path=path)

    @pytest.mark.parametrize("query", ["", "?acl", "?uploadId=x%2By&partNumber=3", "?response-expires=a%2Fb"])
    def test_headers_are_accepted(self, query: str) -> None:
        headers = {"Content-Type": "text/plain", "Content-MD5": "x", "x-amz-meta-a": " b ", "x-amz-acl": "c"}
        request, path = asked("PUT", f"http://h/bucket/key{query}", headers, b"body")
        HmacV1Auth(KEY.credentials()).add_auth(request)
        assert check(received(request), "s3", time.time(), path=path).credential == KEY

    def test_a_virtual_hosted_bucket_is_part_of_what_is_signed(self) -> None:
        request, path = asked("GET", "http://bucket.h/key", path="/bucket/key")
        HmacV1QueryAuth(KEY.credentials()).add_auth(request)
        assert check(received(request), "s3", time.time(), path=path).credential == KEY
        with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
            check(received(request), "s3", time.time(), path="/other/key")

    def test_an_altered_url_is_refused(self) -> None:
        request, path = asked("GET", "http://h/bucket/key")
        HmacV1QueryAuth(KEY.credentials()).add_auth(request)
        incoming = received(request)
        incoming.query += "&versionId=1"
        with pytest.raises(AwsError, match="SignatureDoesNotMatch"):
            check(incoming, "s3", time.time(), path=path)

    def test_a_session_token_travels_in_the_url(self) -> None:
        key = Key(access_key="ASIAX", token="token/+=")
        request, path = asked("GET", "http://h/bucket/key")
        HmacV1QueryAuth(key.credentials()).add_auth(request)
        assert check(received(request), "s3", time.time(), key, path).credential == key


def signed(service: str = "s3", key: Key = KEY, body: bytes = b"content") -> Request:
    request, _ = asked("POST", "http://h/b/k?x=1", {"x-amz-meta-a": "1"}, body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    signer(key.credentials(), SIGNING_NAMES.get(service, service), "us-east-1").add_auth(request)
    return received(request)


def presigned() -> Request:
    request, _ = asked("GET", "http://h/b/k")
    S3SigV4QueryAuth(KEY.credentials(), "s3", "us-east-1", expires=60).add_auth(request)
    return received(request)


def put(request: Request, name: str, value: str) -> Request:
    pairs = [pair for pair in request.headers if pair[0] != name.lower()]
    return replace(request, headers=Headers([*pairs, (name, value)]))


ALTERATIONS: dict[str, Callable[[Request], Request]] = {
    "the method": lambda r: replace(r, method="DELETE"),
    "the path": lambda r: replace(r, path="/b/other"),
    "the query": lambda r: replace(r, query="x=2"),
    "a parameter more": lambda r: replace(r, query="x=1&y=2"),
    "a signed header": lambda r: put(r, "x-amz-meta-a", "2"),
    "the host": lambda r: put(r, "host", "elsewhere"),
    "the signature": lambda r: put(r, "authorization", r.headers.get("authorization")[:-1] + "é"),
}
WRONG = {
    "s3": ("SignatureDoesNotMatch", 403),
    "glue": ("InvalidSignatureException", 400),
    "logs": ("InvalidSignatureException", 400),
    "sts": ("SignatureDoesNotMatch", 403),
    "sagemaker-runtime": ("InvalidSignatureException", 403),
}


def refusal(request: Request, service: str, key: Any = KEY, after: float = 0.0) -> AwsError:
    try:
        check(request, service, time.time() + after, key).guard(request.body).read()
    except AwsError as error:
        return error
    raise AssertionError("the request was accepted")


class TestRefusals:
    @pytest.mark.parametrize("service", WRONG)
    @pytest.mark.parametrize("what", ALTERATIONS)
    def test_what_is_changed_after_signing_is_refused(self, what: str, service: str) -> None:
        error = refusal(ALTERATIONS[what](signed(service)), service)
        assert (error.code, error.status) == WRONG[service]

    def test_s3_shows_what_it_computed(self) -> None:
        error = refusal(replace(signed(), method="DELETE"), "s3")
        assert error.members["CanonicalRequest"].startswith("DELETE\n/b/k\nx=1\nhost:h\n")
        assert error.members["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
        assert error.members["StringToSignBytes"].startswith("41 57 53 34 2d 48 4d 41 43")
        assert error.members["AWSAccessKeyId"] == KEY.access_key

    @pytest.mark.parametrize(
        ("service", "code", "status"),
        [
            ("s3", "InvalidAccessKeyId", 403),
            ("glue", "UnrecognizedClientException", 400),
            ("sts", "InvalidClientTokenId", 403),
            ("sagemaker-runtime", "UnrecognizedClientException", 403),
        ],
    )
    @pytest.mark.parametrize("key", [Key(access_key="AKIAOTHER"), replace(KEY, active=False)])
    def test_a_key_unknown_or_inactive_is_refused(
        self, service: str, code: str, status: int, key: Any
    ) -> None:
        error = refusal(signed(service), service, key)
        assert (error.code, error.status) == (code, status)

    @pytest.mark.parametrize(
        ("service", "code"),
        [
            ("s3", "RequestTimeTooSkewed"),
            ("glue", "InvalidSignatureException"),
            ("sts", "SignatureDoesNotMatch"),
        ],
    )
    @pytest.mark.parametrize("after", [-1000.0, 1000.0])
    def test_a_clock_that_is_far_off_is_refused(self, service: str, code: str, after: float) -> None:
        assert refusal(signed(service), service, after=after).code == code

    @pytest.mark.parametrize(
        ("service", "lapsed", "wrong"),
        [
            ("s3", "ExpiredToken", "InvalidToken"),
            ("glue", "ExpiredTokenException", "UnrecognizedClientException"),
            ("sts", "ExpiredToken", "InvalidClientTokenId"),
        ],
    )
    def test_session_tokens_must_be_right_and_in_time(self, service: str, lapsed: str, wrong: str) -> None:
        key = Key(access_key="ASIAX", token="token", expires=time.time() + 100)
        assert check(signed(service, key), service, time.time(), key).credential == key
        assert refusal(signed(service, key), service, key, after=101).code == lapsed
        assert refusal(signed(service, replace(key, token="other")), service, key).code == wrong
        without = "InvalidAccessKeyId" if service == "s3" else wrong
        assert refusal(signed(service, replace(key, token="")), service, key).code == without

    @pytest.mark.parametrize(
        ("authorization", "code"),
        [
            ("Bearer abc", "InvalidArgument"),
            ("AWS4-HMAC-SHA256", "AuthorizationHeaderMalformed"),
            ("AWS4-HMAC-SHA256 Credential=a/b", "AuthorizationHeaderMalformed"),
            (
                "AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=0",
                "AuthorizationHeaderMalformed",
            ),
            ("AWS nonsense", "InvalidArgument"),
            ("AWS4-ECDSA-P256-SHA256 Credential=a", "NotImplemented"),
        ],
    )
    def test_s3_names_what_is_wrong_with_the_header(self, authorization: str, code: str) -> None:
        assert refusal(put(signed(), "authorization", authorization), "s3").code == code

    @pytest.mark.parametrize("authorization", ["Bearer abc", "AWS4-HMAC-SHA256 Credential=a/b", "AWS a:b"])
    def test_other_services_call_it_incomplete(self, authorization: str) -> None:
        request = put(signed("glue"), "authorization", authorization)
        assert refusal(request, "glue").code == "IncompleteSignatureException"
        assert refusal(request, "sts").code == "IncompleteSignature"

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("X-Amz-Expires", "soon"),
            ("X-Amz-Expires", "-1"),
            ("X-Amz-Expires", "604801"),
            ("X-Amz-Algorithm", "MD5"),
            ("X-Amz-Date", "today"),
            ("X-Amz-Credential", "a/b"),
            ("X-Amz-Credential", "AKIAIOSFODNN7EXAMPLE/20200101/us-east-1/s3/aws4_request"),
            ("X-Amz-Signature", ""),
        ],
    )
    def test_s3_names_what_is_wrong_with_a_presigned_url(self, name: str, value: str) -> None:
        request = presigned()
        kept = [pair for pair in request.query.split("&") if not pair.startswith(f"{name}=")]
        query = "&".join([*kept, f"{name}={quote(value)}"])
        assert refusal(replace(request, query=query), "s3").code == "AuthorizationQueryParametersError"

    def test_two_ways_of_signing_at_once_are_refused(self) -> None:
        request = replace(presigned(), headers=signed().headers)
        assert refusal(request, "s3").code == "InvalidArgument"

    def test_a_scope_of_another_service_is_refused(self) -> None:
        assert refusal(signed("glue"), "sts").code == "SignatureDoesNotMatch"
        assert refusal(signed("s3"), "glue").code == "InvalidSignatureException"
        assert refusal(signed("glue"), "s3").code == "AuthorizationHeaderMalformed"

    def test_amazon_headers_that_are_not_signed_are_refused_by_s3(self) -> None:
        error = refusal(put(signed(), "x-amz-acl", "public-read"), "s3")
        assert (error.code, error.members["HeadersNotSigned"]) == ("AccessDenied", "x-amz-acl")

    def test_an_url_from_the_future_is_refused(self) -> None:
        assert refusal(presigned(), "s3", after=-1000).code == "RequestTimeTooSkewed"


NONSENSE = st.text(st.characters(max_codepoint=0xFF), max_size=80)
PARTS = st.sampled_from(
    [
        *(
            "AWS4-HMAC-SHA256 ",
            "AWS ",
            "Credential=",
            "SignedHeaders=",
            "Signature=",
            "host",
            ",",
            "/",
            ":",
            ";",
            "=",
        ),
        *(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=",
            "X-Amz-Date=",
            "X-Amz-Expires=",
            "&",
            "%",
            "+",
        ),
        *(
            "AKIAIOSFODNN7EXAMPLE",
            "20130524",
            "20130524T000000Z",
            "20139999T999999Z",
            "us-east-1",
            "s3",
            "aws4_request",
        ),
        *(
            "AWSAccessKeyId=",
            "Expires=",
            "99999999999999999999",
            "X-Amz-Signature=",
            "X-Amz-SignedHeaders=",
            "\xff",
        ),
    ]
)
JUMBLES = st.lists(PARTS | NONSENSE, max_size=14).map("".join)


class TestHostility:
    @settings(max_examples=600, deadline=None)
    @given(JUMBLES, JUMBLES, JUMBLES, NONSENSE, st.sampled_from(["s3", "glue", "sts", "sagemaker-runtime"]))
    def test_nonsense_is_refused_and_never_more_than_that(
        self, authorization: str, query: str, date: str, digest: str, service: str
    ) -> None:
        pairs = [("host", "h"), ("authorization", authorization), ("x-amz-date", date)]
        headers = Headers([*pairs, ("x-amz-content-sha256", digest), ("x-amz-security-token", digest)])
        request = Request("GET", f"/{digest}", query, headers)
        with contextlib.suppress(AwsError):
            assert check(request, service, THEN).credential is None


class TestBodies:
    def test_another_body_than_the_signed_one_is_refused_while_it_is_read(self) -> None:
        request = replace(signed(), body=io.BytesIO(b"c0ntent"))
        error = refusal(request, "s3")
        assert (error.code, error.status) == ("XAmzContentSHA256Mismatch", 400)
        assert error.members["ClientComputedContentSHA256"] != error.members["S3ComputedContentSHA256"]

    def test_the_last_piece_of_a_wrong_body_is_withheld(self) -> None:
        request = replace(signed(), body=io.BytesIO(b"c0ntent"))
        body = check(request, "s3", time.time()).guard(request.body)
        assert body.read(3) == b"c0n"
        with pytest.raises(AwsError, match="XAmzContentSHA256Mismatch"):
            body.read(4)

    def test_a_missing_body_is_noticed_before_anybody_reads(self) -> None:
        request = replace(signed(), body=io.BytesIO(), length=0)
        with pytest.raises(AwsError, match="XAmzContentSHA256Mismatch"):
            check(request, "s3", time.time()).guard(request.body)

    def test_a_large_body_without_a_hash_is_spooled(self) -> None:
        class Pipe:
            def __init__(self, content: bytes) -> None:
                self.read = io.BytesIO(content).read

        content = b"x" * (3 << 20)
        request = replace(signed("sagemaker-runtime", body=content), body=Pipe(content))
        found = check(request, "sagemaker-runtime", time.time())
        assert found.guard(request.body).read() == content
        altered = replace(signed("sagemaker-runtime", body=content), body=Pipe(content + b"y"))
        assert refusal(altered, "sagemaker-runtime").code == "InvalidSignatureException"

    @pytest.mark.parametrize(("announced", "code"), [("", "InvalidRequest"), ("0" * 63, "InvalidArgument")])
    def test_s3_wants_a_hash(self, announced: str, code: str) -> None:
        request = signed()
        headers = Headers([pair for pair in request.headers if pair[0] != "x-amz-content-sha256"])
        request = replace(request, headers=headers)
        assert refusal(put(request, "x-amz-content-sha256", announced), "s3").code == code

    def test_an_unsigned_request_may_still_announce_its_hash(self) -> None:
        request = Request("PUT", "/b/k", body=io.BytesIO(b"a"), length=1)
        request = put(request, "x-amz-content-sha256", guard.EMPTY)
        assert refusal(request, "s3").code == "XAmzContentSHA256Mismatch"
