"""Buckets as websites, asked as a browser asks."""

from __future__ import annotations

import http.client
import json
import secrets
from collections.abc import Callable
from typing import Any

import pytest

ERROR = b"<h1>lost?</h1>"


@pytest.fixture(scope="module")
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket that anybody may read and list."""
    name = f"site-{secrets.token_hex(6)}"
    s3.create_bucket(Bucket=name)
    s3.delete_public_access_block(Bucket=name)
    grant = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [grant]}))
    for key in ("index.html", "docs/index.html", "docs/a page.html"):
        s3.put_object(Bucket=name, Key=key, Body=key.encode(), ContentType="text/html")
    s3.put_object(Bucket=name, Key="error.html", Body=ERROR, ContentType="text/html")
    return name


@pytest.fixture
def visit(server: Any, s3: Any, bucket: str) -> Callable[..., tuple[int, dict[str, str], bytes]]:
    """Ask a bucket's website for a path, having configured it."""

    def ask(
        path: str, method: str = "GET", host: str = "{}.s3-website.localhost", **told: Any
    ) -> tuple[int, dict[str, str], bytes]:
        whole = "RedirectAllRequestsTo" in told
        site = told if whole else {"IndexDocument": {"Suffix": "index.html"}, **told}
        s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=site)
        return fetch(server, host.format(bucket), path, method)

    return ask


def fetch(server: Any, host: str, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request(method, path, headers={"Host": host})
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    found = response.status, headers, response.read()
    connection.close()
    return found


@pytest.mark.parametrize(
    "host",
    [
        "{}.s3-website.localhost",
        "{}.s3-website-us-east-1.amazonaws.com",
        "{}.s3-website.eu-west-1.amazonaws.com",
    ],
)
def test_a_folder_shows_its_index(visit: Any, host: str) -> None:
    assert visit("/", host=host)[::2] == (200, b"index.html")
    status, headers, content = visit("/docs/", host=host)
    assert (status, headers["content-type"], content) == (200, "text/html", b"docs/index.html")


def test_a_page_is_an_object(visit: Any) -> None:
    assert visit("/docs/a%20page.html?utm=1")[::2] == (200, b"docs/a page.html")
    status, headers, content = visit("/docs/a%20page.html", method="HEAD")
    assert (status, headers["content-length"], content) == (200, "16", b"")


def test_a_folder_without_its_slash_is_sent_there(visit: Any) -> None:
    status, headers, _ = visit("/docs")
    assert (status, headers["location"]) == (302, "/docs/")


def test_what_is_not_there_is_told_in_html(visit: Any) -> None:
    status, headers, content = visit("/none<b>.html")
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert b"Code: NoSuchKey" in content
    assert b"none&lt;b&gt;.html" in content


def test_the_error_document_stands_in_with_the_errors_status(visit: Any) -> None:
    assert visit("/none.html", ErrorDocument={"Key": "error.html"})[::2] == (404, ERROR)


def test_what_nobody_may_read_is_not_shown(visit: Any, s3: Any, bucket: str) -> None:
    s3.delete_bucket_policy(Bucket=bucket)
    assert visit("/")[0] == 403


def test_everything_can_be_elsewhere(visit: Any) -> None:
    elsewhere = {"HostName": "example.com", "Protocol": "https"}
    status, headers, _ = visit("/a/b.html", RedirectAllRequestsTo=elsewhere)
    assert (status, headers["location"]) == (301, "https://example.com/a/b.html")


def test_rules_lead_prefixes_and_errors_elsewhere(visit: Any, bucket: str) -> None:
    rules = [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "docs/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "404"},
            "Redirect": {"HostName": "example.com", "HttpRedirectCode": "307", "ReplaceKeyWith": "sorry"},
        },
    ]
    status, headers, _ = visit("/old/index.html", RoutingRules=rules)
    assert (status, headers["location"]) == (301, f"http://{bucket}.s3-website.localhost/docs/index.html")
    status, headers, _ = visit("/none", RoutingRules=rules)
    assert (status, headers["location"]) == (307, "http://example.com/sorry")
    assert visit("/", RoutingRules=rules)[0] == 200


def test_an_object_can_say_that_it_has_moved(visit: Any, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="moved", Body=b"", WebsiteRedirectLocation="/docs/")
    status, headers, _ = visit("/moved")
    assert (status, headers["location"]) == (301, "/docs/")


def test_websites_are_for_reading(visit: Any) -> None:
    assert visit("/index.html", method="PUT")[0] == 405


def test_a_bucket_that_is_no_website_says_so(server: Any, bucket: str) -> None:
    status, _, content = fetch(server, f"{bucket}.s3-website.localhost", "/")
    assert (status, b"NoSuchWebsiteConfiguration" in content) == (404, True)
    assert b"NoSuchBucket" in fetch(server, f"{bucket}x.s3-website.localhost", "/")[2]
