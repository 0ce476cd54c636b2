"""Cross-origin requests, as browsers make them."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
import requests

from .asking import refused

SITE = "https://example.com"
VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method"
RULE: dict[str, Any] = {"AllowedMethods": ["GET"], "AllowedOrigins": [SITE]}
PREFIX = "access-control-"


def keep(s3: Any, bucket: str, *rules: dict[str, Any]) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{**RULE, **rule} for rule in rules]})


def told(answer: Any) -> dict[str, str]:
    """The headers of CORS in an answer, without their common beginning."""
    found = {name.lower(): value for name, value in answer.headers.items()}
    return {name.removeprefix(PREFIX): value for name, value in found.items() if name.startswith(PREFIX)}


def ask(url: str, method: str | None = "GET", origin: str | None = SITE, wanted: str | None = None) -> Any:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": wanted,
    }
    given = {name: text for name, text in asked.items() if text is not None}
    return requests.options(url, headers=given, timeout=60)


def failure(answer: Any) -> tuple[int, str, str]:
    error = ElementTree.fromstring(answer.content)
    return answer.status_code, error.findtext("Code", ""), error.findtext("Message", "")


@pytest.fixture
def url(server: Any, bucket: str) -> str:
    return f"{server.endpoint}/{bucket}/key"


def test_rules_come_back_as_they_were_kept(s3: Any, bucket: str) -> None:
    with refused("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)
    rule = {
        "ID": "rule",
        "AllowedHeaders": ["*"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedOrigins": [SITE, "https://*.example.org"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 0,
    }
    keep(s3, bucket, rule, RULE)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == [rule, RULE]
    s3.delete_bucket_cors(Bucket=bucket)
    with refused("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)
    s3.delete_bucket_cors(Bucket=bucket)


@pytest.mark.parametrize(
    ("rule", "code", "message"),
    [
        ({"AllowedMethods": ["GET", "PATCH"]}, "InvalidRequest", "Unsupported method is PATCH"),
        ({"AllowedMethods": ["get"]}, "InvalidRequest", "Unsupported method is get"),
        ({"AllowedOrigins": ["*.*"]}, "InvalidRequest", 'AllowedOrigin "*.*" can not have more than one'),
        ({"AllowedHeaders": ["x-*-*"]}, "InvalidRequest", 'AllowedHeader "x-*-*" can not have more than'),
        ({"ExposeHeaders": ["x-*"]}, "InvalidRequest", 'ExposeHeader "x-*" contains wildcard'),
        ({"ExposeHeaders": ["a: b\r\nSet-Cookie"]}, "MalformedXML", ""),
        ({"MaxAgeSeconds": -1}, "MalformedXML", ""),
        ({"ID": "x" * 256}, "MalformedXML", ""),
    ],
)
def test_a_rule_that_aws_refuses_is_refused(
    s3: Any, bucket: str, rule: dict[str, Any], code: str, message: str
) -> None:
    with refused(code, 400) as error:
        keep(s3, bucket, RULE, rule)
    assert message in error["Error"]["Message"]


def test_there_may_be_a_hundred_rules(s3: Any, bucket: str) -> None:
    keep(s3, bucket, *[{"ID": str(number)} for number in range(100)])
    with refused("MalformedXML", 400):
        keep(s3, bucket, *[{}] * 101)


def test_a_preflight_is_told_what_the_rule_allows(s3: Any, bucket: str, url: str) -> None:
    keep(
        s3,
        bucket,
        {
            "AllowedMethods": ["GET", "PUT"],
            "AllowedHeaders": ["Content-Type", "x-amz-*"],
            "ExposeHeaders": ["ETag", "x-amz-version-id"],
            "MaxAgeSeconds": 3000,
        },
    )
    answer = ask(url, "PUT", wanted="Content-Type,X-Amz-Date ,x-amz-meta-a")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["Vary"] == VARY
    assert answer.headers["x-amz-request-id"]
    assert told(answer) == {
        "allow-origin": SITE,
        "allow-methods": "GET, PUT",
        "allow-headers": "content-type, x-amz-date, x-amz-meta-a",
        "expose-headers": "ETag, x-amz-version-id",
        "max-age": "3000",
        "allow-credentials": "true",
    }


def test_a_rule_for_any_origin_gives_no_credentials(s3: Any, bucket: str, url: str) -> None:
    keep(s3, bucket, {"AllowedOrigins": ["*"]})
    assert told(ask(url)) == {"allow-origin": "*", "allow-methods": "GET"}


@pytest.mark.parametrize(
    ("pattern", "origin", "fits"),
    [
        ("https://*.example.com", "https://a.b.example.com", True),
        ("https://*.example.com", "https://example.com", False),
        ("https://*.example.com", "https://a.example.com.evil.org", False),
        ("https://example.com", "https://exampleXcom", False),
        ("https://example.com", "https://EXAMPLE.com", False),
        ("http*://example.com", "http://example.com", True),
        ("https://example.com:*", "https://example.com:8443", True),
        ("ab*ba", "aba", False),
        ("*", "null", True),
    ],
)
def test_one_asterisk_in_an_origin_stands_for_anything(
    s3: Any, bucket: str, url: str, pattern: str, origin: str, fits: bool
) -> None:
    keep(s3, bucket, {"AllowedOrigins": [pattern]})
    answer = ask(url, origin=origin)
    assert answer.status_code == (200 if fits else 403)
    assert told(answer).get("allow-origin") == ((pattern if pattern == "*" else origin) if fits else None)


def test_the_first_rule_that_allows_all_of_it_answers(s3: Any, bucket: str, url: str) -> None:
    keep(
        s3,
        bucket,
        {"AllowedOrigins": ["https://other.com"], "AllowedMethods": ["PUT"], "MaxAgeSeconds": 1},
        {"AllowedMethods": ["PUT"], "MaxAgeSeconds": 2},
        {"AllowedMethods": ["PUT"], "AllowedHeaders": ["*"], "MaxAgeSeconds": 3},
    )
    assert told(ask(url, "PUT"))["max-age"] == "2"
    assert told(ask(url, "PUT", wanted="x-any"))["max-age"] == "3"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"origin": None}, "Insufficient information. Origin request header needed."),
        ({"origin": ""}, "Insufficient information. Origin request header needed."),
        ({"method": None}, "Invalid Access-Control-Request-Method: null"),
        ({"method": "PATCH"}, "Invalid Access-Control-Request-Method: PATCH"),
        ({"method": "get"}, "Invalid Access-Control-Request-Method: get"),
    ],
)
def test_a_preflight_must_tell_origin_and_method(
    s3: Any, bucket: str, url: str, asked: dict[str, Any], message: str
) -> None:
    assert failure(ask(url, **asked)) == (400, "BadRequest", message)


@pytest.mark.parametrize(
    "asked", [{"origin": "https://other.com"}, {"method": "PUT"}, {"wanted": "x-amz-date"}]
)
def test_a_preflight_for_what_no_rule_allows_is_forbidden(
    s3: Any, bucket: str, url: str, asked: dict[str, Any]
) -> None:
    keep(s3, bucket, RULE)
    status, code, message = failure(ask(url, **asked))
    assert (status, code) == (403, "AccessForbidden")
    assert message.startswith("CORSResponse: This CORS request is not allowed.")


def test_a_bucket_without_rules_forbids_every_preflight(server: Any, bucket: str, url: str) -> None:
    answer = ask(url)
    assert failure(answer) == (403, "AccessForbidden", "CORSResponse: CORS is not enabled for this bucket.")
    assert ElementTree.fromstring(answer.content).findtext("ResourceType") == "OBJECT"
    answer = ask(f"{server.endpoint}/nobody-made-this-bucket")
    assert failure(answer) == (403, "AccessForbidden", "CORSResponse: Bucket not found")
    assert ElementTree.fromstring(answer.content).findtext("ResourceType") == "BUCKET"


def test_a_bucket_in_the_host_name_is_asked_as_well(server: Any, s3: Any, bucket: str) -> None:
    keep(s3, bucket, RULE)
    host = {"Host": f"{bucket}.localhost:{server.port}"}
    asked = {**host, "Origin": SITE, "Access-Control-Request-Method": "GET"}
    answer = requests.options(f"{server.endpoint}/key", headers=asked, timeout=60)
    assert told(answer)["allow-origin"] == SITE
    answer = requests.get(f"{server.endpoint}/key", headers={**host, "Origin": SITE}, timeout=60)
    assert (answer.status_code, told(answer)["allow-origin"]) == (403, SITE)


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_works_from_a_page_of_an_allowed_origin(
    server: Any, s3: Any, bucket: str, version: str
) -> None:
    from botocore.config import Config

    keep(s3, bucket, {"AllowedMethods": ["PUT", "GET"], "ExposeHeaders": ["ETag"]})
    signer = server.client("s3", config=Config(signature_version=version))
    signed = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
    assert told(ask(signed, "PUT"))["allow-origin"] == SITE
    answer = requests.put(signed, b"x", headers={"Origin": SITE}, timeout=60)
    assert answer.status_code == 200
    assert answer.headers["Vary"] == VARY
    assert told(answer) == {
        "allow-origin": SITE,
        "allow-methods": "PUT, GET",
        "expose-headers": "ETag",
        "allow-credentials": "true",
    }
    signed = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"})
    answer = requests.get(signed, headers={"Origin": SITE}, timeout=60)
    assert (answer.content, told(answer)["allow-origin"]) == (b"x", SITE)


def test_errors_can_be_read_by_the_page_as_well(s3: Any, bucket: str, url: str) -> None:
    keep(s3, bucket, RULE)
    answer = requests.get(url, headers={"Origin": SITE}, timeout=60)
    assert (answer.status_code, told(answer)["allow-origin"]) == (403, SITE)


def test_other_origins_and_requests_without_one_are_told_nothing(s3: Any, bucket: str, url: str) -> None:
    keep(s3, bucket, RULE)
    for headers in ({}, {"Origin": "https://other.com"}):
        answer = requests.get(url, headers=headers, timeout=60)
        assert told(answer) == {}
        assert "Vary" not in answer.headers
    assert told(requests.put(url, b"x", headers={"Origin": SITE}, timeout=60)) == {}


def test_a_form_is_posted_from_another_origin(s3: Any, bucket: str) -> None:
    keep(s3, bucket, {"AllowedMethods": ["POST"]})
    form = s3.generate_presigned_post(bucket, "k")
    file = {"file": b"x"}
    answer = requests.post(form["url"], form["fields"], files=file, headers={"Origin": SITE}, timeout=60)
    assert (answer.status_code, told(answer)["allow-origin"]) == (204, SITE)


def test_only_the_owner_changes_the_rules(s3: Any, bucket: str, server: Any) -> None:
    other = json.loads(server.cumulet("account", "create", f"other-{bucket}", "--format", "json"))
    keys = {"aws_access_key_id": other["AccessKeyId"], "aws_secret_access_key": other["SecretAccessKey"]}
    stranger = server.client("s3", **keys, aws_session_token=None)
    with refused("AccessDenied", 403):
        keep(stranger, bucket, RULE)
    with refused("AccessDenied", 403):
        stranger.get_bucket_cors(Bucket=bucket)


def test_rules_are_forgotten_with_their_bucket(s3: Any, bucket: str) -> None:
    keep(s3, bucket, RULE)
    s3.delete_bucket(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    with refused("NoSuchCORSConfiguration", 404):
        s3.get_bucket_cors(Bucket=bucket)


def test_another_services_address_knows_no_preflight(server: Any) -> None:
    asked = {"Host": "glue.us-east-1.amazonaws.com", "Origin": SITE, "Access-Control-Request-Method": "GET"}
    assert requests.options(server.endpoint, headers=asked, timeout=60).status_code == 405
