"""Server-side encryption: what lies on disk is no plain text, what comes back is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cumulet.house import House
from cumulet.services import Caller

from .asking import refused

if TYPE_CHECKING:
    from tests.conftest import Server

TEXT = b"nobody but its owner reads this line. " * 5000


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    return client("s3")


@pytest.fixture
def bucket(s3: Any, request: pytest.FixtureRequest) -> str:
    name = f"sealed-{hashlib.sha256(request.node.name.encode()).hexdigest()[:16]}"
    s3.create_bucket(Bucket=name)
    return name


def on_disk(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in (folder / "s3").rglob("*") if file.is_file()]


@pytest.mark.parametrize("method", ["AES256", "aws:kms"])
def test_an_encrypted_object_comes_back_whole_and_in_ranges(s3: Any, bucket: str, method: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="a.txt", Body=TEXT, ServerSideEncryption=method)
    got = s3.get_object(Bucket=bucket, Key="a.txt")
    assert got["Body"].read() == TEXT
    assert put["ServerSideEncryption"] == got["ServerSideEncryption"] == method
    for first, last in ((0, 0), (15, 16), (17, 99_999), (len(TEXT) - 1, len(TEXT) - 1)):
        part = s3.get_object(Bucket=bucket, Key="a.txt", Range=f"bytes={first}-{last}")
        assert part["Body"].read() == TEXT[first : last + 1]


def test_the_bytes_on_disk_are_not_the_plain_ones(own_server: Server) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="sealed-on-disk")
    s3.put_object(Bucket="sealed-on-disk", Key="secret", Body=TEXT, ServerSideEncryption="AES256")
    assert not any(TEXT[:30] in data for data in on_disk(own_server.data_dir))
    s3.put_object(Bucket="sealed-on-disk", Key="plain", Body=TEXT)
    assert any(TEXT[:30] in data for data in on_disk(own_server.data_dir))


def test_with_a_kms_key_the_etag_is_no_digest_and_the_key_is_told(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["ETag"] != f'"{hashlib.md5(b"x").hexdigest()}"'
    assert ":key/" in head["SSEKMSKeyId"]
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", ServerSideEncryption="AES256")
    assert s3.head_object(Bucket=bucket, Key="a")["ETag"] == f'"{hashlib.md5(b"x").hexdigest()}"'


def test_a_key_that_does_not_exist_is_refused(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match=r"KMS\.NotFoundException"):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId="nope")


def test_an_upload_in_parts_is_encrypted_as_it_was_begun(s3: Any, bucket: str) -> None:
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", ServerSideEncryption="aws:kms")
    assert begun["ServerSideEncryption"] == "aws:kms"
    upload = {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}
    s3.put_object(Bucket=bucket, Key="source", Body=TEXT)
    first = s3.upload_part(PartNumber=1, Body=bytes(5 << 20), **upload)["ETag"]
    source = {"Bucket": bucket, "Key": "source"}
    second = s3.upload_part_copy(PartNumber=2, CopySource=source, **upload)["CopyPartResult"]["ETag"]
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in ((1, first), (2, second))]
    done = s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **upload)
    assert done["ServerSideEncryption"] == "aws:kms"
    assert s3.get_object(Bucket=bucket, Key="big")["Body"].read() == bytes(5 << 20) + TEXT


def test_a_copy_is_encrypted_or_plain_as_the_copy_is_asked_to_be(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=TEXT, ServerSideEncryption="aws:kms")
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/a")
    plain = s3.get_object(Bucket=bucket, Key="b")
    assert "ServerSideEncryption" not in plain
    assert plain["ETag"] == f'"{hashlib.md5(TEXT).hexdigest()}"'
    assert plain["Body"].read() == TEXT
    s3.copy_object(Bucket=bucket, Key="b", CopySource=f"{bucket}/b", ServerSideEncryption="AES256")
    sealed = s3.get_object(Bucket=bucket, Key="b")
    assert sealed["ServerSideEncryption"] == "AES256"
    assert sealed["Body"].read() == TEXT


def test_a_bucket_may_encrypt_by_default(s3: Any, bucket: str) -> None:
    with pytest.raises(ClientError, match="ServerSideEncryptionConfigurationNotFoundError"):
        s3.get_bucket_encryption(Bucket=bucket)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == "aws:kms"
    assert s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"] == [rule]
    s3.delete_bucket_encryption(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert "ServerSideEncryption" not in s3.head_object(Bucket=bucket, Key="k")


def test_an_encrypted_object_outlives_a_crash(own_server: Server) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="sealed-crash")
    s3.put_object(Bucket="sealed-crash", Key="k", Body=TEXT, ServerSideEncryption="AES256")
    own_server.kill()
    own_server.start()
    assert s3.get_object(Bucket="sealed-crash", Key="k")["Body"].read() == TEXT


def test_engines_find_a_plain_copy_that_goes_with_the_object(house: House, caller: Caller) -> None:
    s3 = house.service("s3", caller)
    s3.create_bucket(Bucket="sealed-engines")
    s3.put_object(Bucket="sealed-engines", Key="a.csv", Body=TEXT, ServerSideEncryption="AES256")
    (file,) = s3.files("sealed-engines")
    assert file.path.read_bytes() == TEXT
    assert file.path.suffix == ".csv"
    s3.delete_object(Bucket="sealed-engines", Key="a.csv")
    house.store.leftovers.close()  # it goes behind the answer
    assert not file.path.exists()


@pytest.fixture
def kms(client: Callable[..., Any]) -> Any:
    return client("kms")


@pytest.mark.parametrize("name", ["KeyId", "Arn", "alias"])
def test_a_key_of_ones_own_is_named_by_id_arn_or_alias(s3: Any, kms: Any, bucket: str, name: str) -> None:
    key = kms.create_key()["KeyMetadata"]
    alias = f"alias/{bucket}"
    kms.create_alias(AliasName=alias, TargetKeyId=key["KeyId"])
    told = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key.get(name, alias)}
    put = s3.put_object(Bucket=bucket, Key="k", Body=TEXT, **told)
    got = s3.get_object(Bucket=bucket, Key="k")
    assert put["SSEKMSKeyId"] == got["SSEKMSKeyId"] == key["Arn"]
    assert got["Body"].read() == TEXT


def test_the_default_key_is_the_one_that_kms_manages_for_s3(s3: Any, kms: Any, bucket: str) -> None:
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms")
    managed = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert put["SSEKMSKeyId"] == managed["Arn"]
    assert managed["KeyManager"] == "AWS"


def test_a_disabled_key_neither_writes_nor_reads(s3: Any, kms: Any, bucket: str) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    told = {"Bucket": bucket, "Key": "k", "ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}
    s3.put_object(Body=TEXT, **told)
    kms.disable_key(KeyId=key)
    with refused("KMS.DisabledException", 400):
        s3.put_object(Body=b"x", **told)
    with refused("KMS.DisabledException", 400):
        s3.get_object(Bucket=bucket, Key="k")
    with refused("KMS.DisabledException", 400):
        s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == len(TEXT)
    kms.enable_key(KeyId=key)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == TEXT


def test_a_key_that_is_to_be_deleted_closes_its_objects(s3: Any, kms: Any, bucket: str) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with refused("KMS.KMSInvalidStateException", 400):
        s3.get_object(Bucket=bucket, Key="k")


def test_a_bucket_may_encrypt_by_default_with_a_key_of_ones_own(s3: Any, kms: Any, bucket: str) -> None:
    key = kms.create_key()["KeyMetadata"]
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key["KeyId"]}
    rule = {"ApplyServerSideEncryptionByDefault": default}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    assert s3.head_object(Bucket=bucket, Key="k")["SSEKMSKeyId"] == key["Arn"]


def test_a_key_of_another_account_is_refused(s3: Any, bucket: str) -> None:
    key = "arn:aws:kms:us-east-1:999999999999:key/12345678-1234-1234-1234-123456789012"
    with refused("AccessDenied", 403):
        s3.put_object(Bucket=bucket, Key="k", Body=b"x", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)


@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_who_reads_may_not_say_how_the_bytes_are_kept(s3: Any, bucket: str, operation: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    said = {"x-amz-server-side-encryption": "AES256"}
    s3.meta.events.register(f"before-call.s3.{operation.title().replace('_', '')}",
                            lambda params, **_: params["headers"].update(said))  # fmt: skip
    with pytest.raises(s3.exceptions.ClientError) as raised:
        getattr(s3, operation)(Bucket=bucket, Key="k")
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
