"""Browser uploads: forms made by boto3's generate_presigned_post, and such as nobody should send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import random
import secrets
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
import requests
from botocore.config import Config

from cumulet import app
from cumulet.house import House
from cumulet.wire.message import Headers, Request

from .asking import MIB, body

FAR = "2999-01-01T00:00:00Z"
BOUNDARY = "----a-boundary"
KIND = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


class Upload:
    """A form's address and fields, sent with a file."""

    def __init__(self, url: str, fields: dict[str, str]) -> None:
        self.url = url
        self.fields = fields

    def send(self, content: Any = b"content", filename: str = "file.txt", **changes: str | None) -> Any:
        fields = {name: text for name, text in {**self.fields, **changes}.items() if text is not None}
        file = {"file": (filename, content)}
        return requests.post(self.url, data=fields, files=file, allow_redirects=False, timeout=60)


Make = Callable[..., Upload]


@pytest.fixture(params=["s3", "s3v4"])
def make(request: pytest.FixtureRequest, server: Any, bucket: str) -> Make:
    """Forms as boto3 presigns them, in both ways that it has."""
    signer = server.client("s3", config=Config(signature_version=request.param))

    def form(key: str, fields: dict[str, str] | None = None, conditions: Any = (), **more: Any) -> Upload:
        named = [{name: text} for name, text in (fields or {}).items()]
        made = signer.generate_presigned_post(bucket, key, fields, [*named, *conditions], **more)
        return Upload(made["url"], made["fields"])

    return form


@pytest.fixture
def signed(server: Any, bucket: str) -> Make:
    """Forms whose policy is the test's own, of any contents, signed with Version 2."""

    def form(policy: Any, key: str = "k", **fields: str) -> Upload:
        text = policy if isinstance(policy, bytes) else json.dumps(policy).encode()
        encoded = base64.b64encode(text)
        secret = server.credentials["aws_secret_access_key"].encode()
        signature = base64.b64encode(hmac.digest(secret, encoded, "sha1")).decode()
        signing = {"AWSAccessKeyId": server.credentials["aws_access_key_id"], "signature": signature}
        fields = {"key": key, **fields, **signing, "policy": encoded.decode()}
        return Upload(f"{server.endpoint}/{bucket}", fields)

    return form


def policy_of(bucket: str, *conditions: Any, **more: Any) -> dict[str, Any]:
    return {"expiration": FAR, "conditions": [{"bucket": bucket}, ["starts-with", "$key", ""], *conditions]}


def told(answer: Any) -> tuple[int, str, str]:
    """An error's status, code and message."""
    error = ElementTree.fromstring(answer.content)
    return answer.status_code, error.findtext("Code", ""), error.findtext("Message", "")


def denied(what: str) -> tuple[int, str, str]:
    return 403, "AccessDenied", f"Invalid according to Policy: {what}"


def test_a_form_of_boto3_uploads_a_file_with_all_that_it_says(make: Make, s3: Any, bucket: str) -> None:
    fields = {
        "Content-Type": "text/plain",
        "Cache-Control": "max-age=60",
        "Content-Disposition": "attachment",
        "x-amz-meta-colour": "grün",
        "x-amz-storage-class": "STANDARD_IA",
        "tagging": "<Tagging><TagSet><Tag><Key>a&amp;b</Key><Value>1 2</Value></Tag></TagSet></Tagging>",
        "acl": "bucket-owner-full-control",
    }
    answer = make("docs/ü b.txt", fields).send()
    assert (answer.status_code, answer.content) == (204, b"")
    found = s3.get_object(Bucket=bucket, Key="docs/ü b.txt")
    assert body(found) == b"content"
    assert found["ContentType"] == "text/plain"
    assert found["CacheControl"] == "max-age=60"
    assert found["ContentDisposition"] == "attachment"
    assert found["StorageClass"] == "STANDARD_IA"
    assert found["Metadata"]["colour"] in ("grün", "=?UTF-8?B?Z3LDvG4=?=")
    assert answer.headers["ETag"] == found["ETag"]
    tags = s3.get_object_tagging(Bucket=bucket, Key="docs/ü b.txt")["TagSet"]
    assert tags == [{"Key": "a&b", "Value": "1 2"}]


def test_the_key_takes_the_name_of_the_file_without_its_folders(make: Make, s3: Any, bucket: str) -> None:
    assert make("in/${filename}").send(filename="C:\\files\\report.pdf").status_code == 204
    assert body(s3.get_object(Bucket=bucket, Key="in/report.pdf")) == b"content"


def test_a_condition_sees_the_name_of_the_file_in_its_place(signed: Make, bucket: str) -> None:
    policy = policy_of(bucket, ["eq", "$key", "in/${filename}"])
    answer = signed(policy, key="in/${filename}").send(filename="a")
    assert told(answer) == denied('Policy Condition failed: ["eq", "$key", "in/${filename}"]')


@pytest.mark.parametrize(("asked", "status"), [("200", 200), ("201", 201), ("204", 204), ("404", 204)])
def test_the_form_says_with_which_status_it_wants_to_be_answered(
    make: Make, bucket: str, asked: str, status: int
) -> None:
    answer = make("a/b", {"success_action_status": asked}).send()
    assert answer.status_code == status
    assert answer.headers["Location"].endswith(f"/{bucket}/a%2Fb")
    if status != 201:
        assert answer.content == b""
        return
    document = ElementTree.fromstring(answer.content)
    assert document.tag == "PostResponse"
    assert {child.tag: child.text for child in document} == {
        "Location": answer.headers["Location"],
        "Bucket": bucket,
        "Key": "a/b",
        "ETag": answer.headers["ETag"],
    }


def test_a_redirect_takes_the_browser_on_and_tells_what_was_made(make: Make, bucket: str) -> None:
    answer = make("a b", {"success_action_redirect": "http://example.com/done?x=1"}).send()
    assert answer.status_code == 303
    parts = urlsplit(answer.headers["Location"])
    assert (parts.netloc, parts.path) == ("example.com", "/done")
    etag = f'"{hashlib.md5(b"content").hexdigest()}"'
    assert parse_qs(parts.query) == {"x": ["1"], "bucket": [bucket], "key": ["a b"], "etag": [etag]}


@pytest.mark.parametrize(
    "address", ["not an address", "ftp://example.com/", "javascript:alert(1)", "http://"]
)
def test_a_redirect_that_is_no_address_of_the_web_is_as_good_as_none(make: Make, address: str) -> None:
    assert make("k", {"success_action_redirect": address}).send().status_code == 204


def test_a_form_goes_to_a_bucket_in_the_host_name(make: Make, server: Any, s3: Any, bucket: str) -> None:
    fields = make("virtual", {"success_action_status": "201"}).fields
    host = {"Host": f"{bucket}.localhost:{server.port}"}
    answer = requests.post(server.endpoint, data=fields, files={"file": b"x"}, headers=host, timeout=60)
    assert answer.headers["Location"] == f"http://{host['Host']}/virtual"
    assert body(s3.get_object(Bucket=bucket, Key="virtual")) == b"x"


def test_a_large_file_arrives_whole(make: Make, s3: Any, bucket: str) -> None:
    content = secrets.token_bytes(24 * MIB)
    assert make("large", conditions=[["content-length-range", 0, 24 * MIB]]).send(content).status_code == 204
    assert s3.head_object(Bucket=bucket, Key="large")["ETag"] == f'"{hashlib.md5(content).hexdigest()}"'


def test_a_file_that_looks_like_a_boundary_here_and_there_arrives_whole(
    make: Make, s3: Any, bucket: str
) -> None:
    content = b"\r\n--" * 100_000 + b"\r\n\r\n--x\r"
    assert make("odd").send(content).status_code == 204
    assert body(s3.get_object(Bucket=bucket, Key="odd")) == content


def test_an_empty_file_is_an_object(make: Make, s3: Any, bucket: str) -> None:
    assert make("empty").send(b"").status_code == 204
    assert s3.head_object(Bucket=bucket, Key="empty")["ContentLength"] == 0


def test_a_versioned_bucket_tells_the_version_that_the_form_made(make: Make, s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    answer = make("k").send()
    assert answer.headers["x-amz-version-id"] == s3.head_object(Bucket=bucket, Key="k")["VersionId"]


def test_a_form_may_ask_for_encryption(make: Make, s3: Any, bucket: str) -> None:
    fields = {"x-amz-server-side-encryption": "AES256"}
    assert make("k", fields).send().headers["x-amz-server-side-encryption"] == "AES256"
    assert s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "AES256"


def test_a_checksum_in_a_field_is_held_against_the_file(make: Make) -> None:
    right = base64.b64encode(hashlib.sha256(b"content").digest()).decode()
    assert make("k", {"x-amz-checksum-sha256": right}).send().status_code == 204
    wrong = base64.b64encode(hashlib.sha256(b"other").digest()).decode()
    assert told(make("k", {"x-amz-checksum-sha256": wrong}).send())[:2] == (400, "BadDigest")


# Who may


def test_a_wrong_signature_is_refused(make: Make) -> None:
    form = make("k")
    for name in ("signature", "x-amz-signature"):
        if name in form.fields:
            form.fields[name] = form.fields[name][::-1]
    assert told(form.send())[:2] == (403, "SignatureDoesNotMatch")


def test_an_unknown_access_key_is_refused(make: Make) -> None:
    form = make("k")
    if "AWSAccessKeyId" in form.fields:
        form.fields["AWSAccessKeyId"] = "AKIANOBODY"
    else:
        form.fields["x-amz-credential"] = "AKIANOBODY/" + form.fields["x-amz-credential"].partition("/")[2]
    assert told(form.send())[:2] == (403, "InvalidAccessKeyId")


def test_a_form_signed_with_temporary_credentials_needs_their_token(
    server: Any, client: Any, bucket: str
) -> None:
    role = json.dumps(
        {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    )
    name = f"role-{secrets.token_hex(4)}"
    made = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=role)["Role"]
    anything = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    client("iam").put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps(anything))
    keys = client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="form")["Credentials"]
    signer = server.client(
        "s3",
        config=Config(signature_version="s3v4"),
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    made = signer.generate_presigned_post(bucket, "k")
    form = Upload(made["url"], made["fields"])
    assert form.send().status_code == 204
    del form.fields["x-amz-security-token"]
    assert told(form.send())[:2] == (403, "InvalidAccessKeyId")


@pytest.mark.parametrize("absent", ["policy", "x-amz-algorithm", "x-amz-date", "x-amz-signature"])
def test_a_form_that_is_signed_in_part_is_told_what_it_lacks(server: Any, bucket: str, absent: str) -> None:
    signer = server.client("s3", config=Config(signature_version="s3v4"))
    made = signer.generate_presigned_post(bucket, "k")
    del made["fields"][absent]
    status, code, message = told(Upload(made["url"], made["fields"]).send())
    assert (status, code) == (400, "InvalidArgument")
    assert absent in message.lower()


def test_an_unsigned_form_is_refused_unless_the_bucket_lets_anybody_put(
    server: Any, s3: Any, bucket: str
) -> None:
    form = Upload(f"{server.endpoint}/{bucket}", {"key": "open/k", "whatever": "it says"})
    assert told(form.send())[:2] == (403, "AccessDenied")
    allow_anybody_to_put(s3, bucket, "open/*")
    assert form.send().status_code == 204
    assert told(Upload(form.url, {"key": "closed/k"}).send())[:2] == (403, "AccessDenied")


def allow_anybody_to_put(s3: Any, bucket: str, keys: str) -> None:
    s3.delete_public_access_block(Bucket=bucket)
    resource = f"arn:aws:s3:::{bucket}/{keys}"
    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": resource}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def test_a_policy_that_nobody_signed_opens_nothing(server: Any, s3: Any, bucket: str) -> None:
    allow_anybody_to_put(s3, bucket, "*")
    policy = base64.b64encode(json.dumps(policy_of(bucket)).encode()).decode()
    answer = Upload(f"{server.endpoint}/{bucket}", {"key": "k", "policy": policy}).send()
    assert told(answer)[:2] == (403, "AccessDenied")


# What the policy says


@pytest.mark.parametrize(
    ("condition", "failure"),
    [
        ({"cache-control": "no-store"}, None),
        ({"Cache-CONTROL": "no-store"}, None),
        (["eq", "$cache-control", "no-store"], None),
        (["EQ", "$Cache-Control", "no-store"], None),
        (["starts-with", "$cache-control", "no-"], None),
        (["starts-with", "$cache-control", ""], None),
        ({"cache-control": "No-Store"}, '["eq", "$cache-control", "No-Store"]'),
        (["eq", "cache-control", "no-store"], '["eq", "cache-control", "no-store"]'),
        (["starts-with", "$cache-control", "max"], '["starts-with", "$cache-control", "max"]'),
    ],
)
def test_every_kind_of_condition_is_held_against_its_field(
    signed: Make, bucket: str, condition: Any, failure: str | None
) -> None:
    answer = signed(policy_of(bucket, condition), **{"Cache-Control": "no-store"}).send()
    if failure is None:
        assert answer.status_code == 204
    else:
        assert told(answer) == denied(f"Policy Condition failed: {failure}")


def test_every_one_of_several_content_types_must_begin_as_the_policy_says(signed: Make, bucket: str) -> None:
    form = signed(policy_of(bucket, ["starts-with", "$Content-Type", "image/"]))
    assert form.send(**{"Content-Type": "image/png, image/gif"}).status_code == 204
    assert told(form.send(**{"Content-Type": "image/png,text/html"}))[1] == "AccessDenied"


def test_a_field_that_the_policy_names_must_be_there(signed: Make, bucket: str) -> None:
    answer = signed(policy_of(bucket, {"acl": "private"})).send()
    assert told(answer) == denied('Policy Condition failed: ["eq", "$acl", "private"]')


def test_a_field_that_no_condition_names_is_refused(signed: Make, bucket: str) -> None:
    form = signed(policy_of(bucket))
    assert told(form.send(**{"x-amz-meta-a": "b"})) == denied("Extra input fields: x-amz-meta-a")
    assert form.send(**{"x-ignore-a": "b"}).status_code == 204


def test_a_policy_must_name_the_bucket_that_it_is_for(signed: Make, bucket: str) -> None:
    policy = {"expiration": FAR, "conditions": [["starts-with", "$key", ""]]}
    assert told(signed(policy).send()) == denied("Extra input fields: bucket")
    policy["conditions"].append({"bucket": "another"})
    assert told(signed(policy).send()) == denied('Policy Condition failed: ["eq", "$bucket", "another"]')


def test_a_policy_that_has_expired_lets_nothing_in(signed: Make, bucket: str) -> None:
    policy = {**policy_of(bucket), "expiration": "2020-01-01T00:00:00.000Z"}
    assert told(signed(policy).send()) == denied("Policy expired.")


def test_the_escapes_of_a_policy_are_those_of_its_own_language(signed: Make, s3: Any, bucket: str) -> None:
    text = json.dumps(policy_of(bucket, {"x-amz-meta-price": "DOLLAR5"})).replace("DOLLAR", "\\$")
    assert signed(text.encode()).send(**{"x-amz-meta-price": "$5"}).status_code == 204


@pytest.mark.parametrize(("size", "code"), [(4, "EntityTooSmall"), (5, ""), (10, ""), (11, "EntityTooLarge")])
def test_the_policy_limits_the_size_of_the_file(
    signed: Make, s3: Any, bucket: str, size: int, code: str
) -> None:
    answer = signed(policy_of(bucket, ["content-length-range", 5, "10"])).send(b"x" * size)
    if not code:
        assert answer.status_code == 204
        return
    assert told(answer)[:2] == (400, code)
    assert ElementTree.fromstring(answer.content).findtext("ProposedSize") == str(size)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b"[]",
        b"\xff\xfe",
        b"[" * 100_000,
        {"conditions": []},
        {"expiration": FAR},
        {"EXPIRATION": FAR, "conditions": []},
        {"expiration": 32503680000, "conditions": []},
        {"expiration": "tomorrow", "conditions": []},
        {"expiration": "2999-02-30T00:00:00Z", "conditions": []},
        {"expiration": FAR, "conditions": {}},
        {"expiration": FAR, "conditions": [{}]},
        {"expiration": FAR, "conditions": [{"a": "b", "c": "d"}]},
        {"expiration": FAR, "conditions": [{"acl": 1}]},
        {"expiration": FAR, "conditions": ["bucket"]},
        {"expiration": FAR, "conditions": [[]]},
        {"expiration": FAR, "conditions": [["eq", "$key"]]},
        {"expiration": FAR, "conditions": [["ends-with", "$key", "x"]]},
        {"expiration": FAR, "conditions": [["content-length-range", 0]]},
        {"expiration": FAR, "conditions": [["content-length-range", -1, 0]]},
        {"expiration": FAR, "conditions": [["content-length-range", 0, "9" * 5000]]},
        {"expiration": FAR, "conditions": [["content-length-range", True, 1.5]]},
    ],
)
def test_a_policy_that_is_none_is_refused(signed: Make, document: Any) -> None:
    form = signed(document)
    status, code, message = told(form.send())
    if len(form.fields["policy"]) > 20_000:
        assert code == "MaxPostPreDataLengthExceededError"
    else:
        assert (status, code) == (400, "InvalidPolicyDocument")
        assert message.startswith("Invalid Policy: ")


def test_a_policy_that_is_not_base64_is_refused(server: Any, signed: Make) -> None:
    form = signed({})
    secret = server.credentials["aws_secret_access_key"].encode()
    form.fields["policy"] = "{policy}"
    form.fields["signature"] = base64.b64encode(hmac.digest(secret, b"{policy}", "sha1")).decode()
    assert told(form.send())[:2] == (400, "InvalidPolicyDocument")


# What is no form


@pytest.fixture
def post(server: Any, s3: Any, bucket: str) -> Iterator[Callable[..., Any]]:
    """Raw bodies for a bucket where anybody may put; after each the bucket is still empty."""
    allow_anybody_to_put(s3, bucket, "*")

    def send(content: bytes, headers: dict[str, str] = KIND, path: str = "") -> Any:
        return requests.post(f"{server.endpoint}/{path or bucket}", content, headers=headers, timeout=60)

    yield send
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def part(name: str, content: bytes = b"x", more: str = "") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
MALFORMED = [
    b"",
    b"key=k&file=x",
    END,
    part("key") + part("file"),
    part("key") + part("file")[:-2] + b"\r\n--" + BOUNDARY.encode(),
    part("key", b"\xff") + part("file") + END,
    part("key") + part("key", b"another") + part("file") + END,
    part("key") + b"--" + BOUNDARY.encode() + b"\r\nContent-Disposition: attachment\r\n\r\nx\r\n" + END,
    b"--" + BOUNDARY.encode() + b"\r\n" + b"A: b\r\n" * 10_000 + part("file") + END,
    b"--" + BOUNDARY.encode() + b"\r\nA: " + b"b" * MIB,
    b"\r\n" * MIB + part("key") + part("file") + END,
]


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
def test_a_body_that_is_no_form_is_refused(post: Any, content: bytes) -> None:
    status, code, _ = told(post(content))
    assert status == 400
    assert code in ("MalformedPOSTRequest", "InvalidArgument")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (part("key") + END, "POST requires exactly one file upload per request."),
        (part("file") + part("key") + END, "must contain a field named 'key'"),
        (part("file") + END, "must contain a field named 'key'"),
        (part("key", b"") + part("file") + END, "User key must have a length greater than 0."),
    ],
)
def test_a_form_must_have_its_key_and_then_its_file(post: Any, content: bytes, message: str) -> None:
    status, code, found = told(post(content))
    assert (status, code) == (400, "InvalidArgument")
    assert message in found


@pytest.mark.parametrize(
    "fields",
    [part("policy", b"x" * MIB), b"".join(part(f"x-ignore-{n}", b"") for n in range(10_000))],
    ids=["a policy of a megabyte", "ten thousand fields"],
)
def test_what_comes_before_the_file_must_be_small(post: Any, fields: bytes) -> None:
    answer = post(part("key") + fields + part("file") + END)
    assert told(answer)[:2] == (400, "MaxPostPreDataLengthExceededError")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_form_must_name_its_boundary(post: Any, kind: str) -> None:
    answer = post(part("key") + part("file") + END, {"Content-Type": kind})
    assert told(answer)[:2] == (400, "MalformedPOSTRequest")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/mixed", "text/plain"])
def test_only_forms_are_posted_to_a_bucket(post: Any, kind: str) -> None:
    assert told(post(b"key=k", {"Content-Type": kind}))[:2] == (412, "PreconditionFailed")


def test_no_form_is_posted_to_an_object(post: Any, bucket: str) -> None:
    answer = post(part("key") + part("file") + END, path=f"{bucket}/key")
    assert told(answer)[:2] == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (part("x-amz-meta-a", b"one\r\nSet-Cookie: two"), "InvalidArgument"),
        (part("Content-Type", b"a\nb"), "InvalidArgument"),
        (part("tagging", b"a=1"), "MalformedXML"),
        (part("tagging", b"<!DOCTYPE a [<!ENTITY b 'c'>]><Tagging><TagSet/></Tagging>"), "MalformedXML"),
        (part("x-amz-storage-class", b"COLD"), "InvalidStorageClass"),
        (part("x-amz-meta-a", b"a" * 3000), "MetadataTooLarge"),
    ],
)
def test_fields_are_checked_as_the_headers_of_a_put_are(post: Any, field: bytes, code: str) -> None:
    assert told(post(part("key") + field + part("file") + END))[:2] == (400, code)


def test_a_bucket_that_is_not_there_takes_no_forms(post: Any) -> None:
    answer = post(part("key") + part("file") + END, path="nobody-made-this-bucket")
    assert told(answer)[:2] == (404, "NoSuchBucket")


def test_fields_that_a_put_knows_nothing_of_change_nothing(server: Any, s3: Any, bucket: str) -> None:
    allow_anybody_to_put(s3, bucket, "*")
    s3.put_object(Bucket=bucket, Key="secret", Body=b"secret")
    fields = {
        "key": "k",
        "x-amz-copy-source": f"{bucket}/secret",
        "x-amz-account-id": "1" * 12,
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "Host": "sts.amazonaws.com",
        "Authorization": "AWS a:b",
        "Content-Length": "0",
    }
    assert Upload(f"{server.endpoint}/{bucket}", fields).send().status_code == 204
    assert body(s3.get_object(Bucket=bucket, Key="k")) == b"content"


def test_what_comes_behind_the_file_means_nothing(server: Any, s3: Any, bucket: str) -> None:
    allow_anybody_to_put(s3, bucket, "*")
    content = part("key") + part("file", b"1") + part("key", b"b") + part("file", b"2") + END
    answer = requests.post(f"{server.endpoint}/{bucket}", content, headers=KIND, timeout=60)
    assert answer.status_code == 204
    assert [found["Key"] for found in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["x"]
    assert body(s3.get_object(Bucket=bucket, Key="x")) == b"1"


def test_a_form_with_wounds_gets_an_answer_that_is_not_a_500(house: House, lake: Any) -> None:
    dice = random.Random("forms")
    whole = part("key", b"a/${filename}") + part("x-amz-meta-a", b"b") + part("tagging", b"<Tagging/>")
    whole += part("policy", b"eyJ9") + part("file", b"content" * 100, '; filename="f"') + END
    for _ in range(300):
        at, to = sorted(dice.randrange(len(whole)) for _ in range(2))
        nasty = dice.choice([b"\x00", b"\r\n", b"--", BOUNDARY.encode(), b"\xff" * 300, b'"; name="', b"${"])
        body = dice.choice(
            [whole[:at] + whole[to:], whole[:at] + nasty + whole[at:], whole[:to] + whole[at:]]
        )
        headers = Headers([("Host", "127.0.0.1:4566"), *KIND.items()])
        response = app.respond(house, Request("POST", "/lake", "", headers, io.BytesIO(body), len(body)))
        assert response.status in (400, 403), body
