from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from cumulet import app
from cumulet.house import House
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request

from .asking import MIB, body, refused


def test_what_was_put_is_what_comes_back(s3: Any, bucket: str) -> None:
    digest = md5(b"text,label\n").hexdigest()
    put = s3.put_object(Bucket=bucket, Key="reviews/raw.csv", Body=b"text,label\n")
    got = s3.get_object(Bucket=bucket, Key="reviews/raw.csv")
    assert body(got) == b"text,label\n"
    assert got["ETag"] == put["ETag"] == f'"{digest}"'
    assert got["ContentLength"] == 11
    assert got["ContentType"] == "binary/octet-stream"
    assert got["AcceptRanges"] == "bytes"
    assert abs((datetime.now(UTC) - got["LastModified"]).total_seconds()) < 60


def test_an_empty_object_is_an_object(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="empty")
    got = s3.get_object(Bucket=bucket, Key="empty")
    assert (body(got), got["ContentLength"]) == (b"", 0)
    assert got["ETag"] == '"d41d8cd98f00b204e9800998ecf8427e"'


def test_a_large_body_comes_back_whole(s3: Any, bucket: str) -> None:
    content = bytes(range(256)) * (40 * 1024)
    s3.put_object(Bucket=bucket, Key="large", Body=content)
    assert body(s3.get_object(Bucket=bucket, Key="large")) == content


def test_headers_and_metadata_stay_with_the_object(s3: Any, bucket: str) -> None:
    told = {
        "CacheControl": "no-cache",
        "ContentDisposition": 'attachment; filename="a.csv"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "vi",
        "ContentType": "text/csv",
        "Metadata": {"Source": "imdb", "lang": "en"},
        "StorageClass": "STANDARD_IA",
    }
    s3.put_object(Bucket=bucket, Key="a", Body=b"x", Expires=datetime(2030, 1, 1, tzinfo=UTC), **told)
    head = s3.head_object(Bucket=bucket, Key="a")
    assert {name: head[name] for name in told} == {**told, "Metadata": {"source": "imdb", "lang": "en"}}
    assert head["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"


def test_metadata_has_its_limit(s3: Any, bucket: str) -> None:
    with refused("MetadataTooLarge", 400):
        s3.put_object(Bucket=bucket, Key="a", Metadata={"a": "x" * 2048})


def test_an_unknown_storage_class_is_refused(lake: Any) -> None:
    with pytest.raises(AwsError, match="InvalidStorageClass"):
        lake.put_object(Bucket="lake", Key="a", StorageClass="FLOPPY")


def test_a_missing_object_is_named(s3: Any, bucket: str) -> None:
    with refused("NoSuchKey", 404) as told:
        s3.get_object(Bucket=bucket, Key="no/such")
    assert told["Error"]["Key"] == "no/such"
    with refused("404"):
        s3.head_object(Bucket=bucket, Key="no/such")


def test_deleting_twice_is_no_error(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a")
    for _ in range(2):
        assert s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_many_are_deleted_at_once(s3: Any, bucket: str) -> None:
    for number in range(5):
        s3.put_object(Bucket=bucket, Key=f"{number}")
    wanted = [{"Key": key} for key in ("0", "1", "missing")]
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
    assert [item["Key"] for item in told["Deleted"]] == ["0", "1", "missing"]
    told = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "2"}], "Quiet": True})
    assert "Deleted" not in told
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["3", "4"]


def test_no_more_than_a_thousand_are_deleted_at_once(s3: Any, bucket: str) -> None:
    with refused("MalformedXML", 400):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": f"{n}"} for n in range(1001)]})


def test_a_key_has_at_most_1024_bytes(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="é" * 512, Body=b"x")
    with refused("KeyTooLongError", 400):
        s3.put_object(Bucket=bucket, Key="é" * 512 + "x")


def test_acls_are_refused_where_the_bucket_owns_its_objects(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", ACL="bucket-owner-full-control")
    with refused("AccessControlListNotSupported", 400):
        s3.put_object(Bucket=bucket, Key="a", ACL="public-read")
    with refused("AccessControlListNotSupported", 400):
        s3.put_object_acl(Bucket=bucket, Key="a", GrantRead="id=x")
    with refused("AccessControlListNotSupported", 400):
        s3.put_bucket_acl(Bucket=bucket, ACL="public-read")
    assert s3.get_object_acl(Bucket=bucket, Key="a")["Grants"][0]["Permission"] == "FULL_CONTROL"


def test_a_path_is_taken_over_without_a_copy(lake: Any, tmp_path: Path) -> None:
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"weights")
    inode = file.stat().st_ino
    lake.put_object(Bucket="lake", Key="models/model.tar.gz", Body=file)
    (found,) = lake.files("lake", "models/")
    assert (found.path.read_bytes(), found.path.stat().st_ino, found.size) == (b"weights", inode, 7)
    assert found.path.name.endswith(".tar.gz")
    assert not file.exists()


def test_files_tell_engines_where_the_bytes_lie_in_key_order(lake: Any) -> None:
    for key in ("t/b.parquet", "t/a.parquet", "other"):
        lake.put_object(Bucket="lake", Key=key, Body=key.encode())
    found = lake.files("lake", "t/")
    assert [(file.key, file.path.read_text()) for file in found] == [
        ("t/a.parquet", "t/a.parquet"),
        ("t/b.parquet", "t/b.parquet"),
    ]


def test_objects_also_stand_as_files_in_the_buckets_folder(lake: Any, house: House) -> None:
    lake.put_object(Bucket="lake", Key="raw/a.csv", Body=b"1")
    file = house.config.data_dir / "s3/lake/raw/a.csv"
    lake.store.settler.settle()
    assert file.read_bytes() == b"1"
    lake.put_object(Bucket="lake", Key="raw/a.csv", Body=b"2")
    lake.store.settler.settle()
    assert file.read_bytes() == b"2"
    lake.delete_object(Bucket="lake", Key="raw/a.csv")
    assert not file.parent.exists()


def test_nothing_is_left_of_what_was_overwritten_refused_or_deleted(lake: Any) -> None:
    for content in (b"1", b"22"):
        lake.put_object(Bucket="lake", Key="a", Body=content)
    with pytest.raises(AwsError, match="BadDigest"):
        lake.put_object(Bucket="lake", Key="a", Body=b"3", ContentMD5="AAAAAAAAAAAAAAAAAAAAAA==")
    with pytest.raises(AwsError, match="PreconditionFailed"):
        lake.put_object(Bucket="lake", Key="a", Body=b"3", IfNoneMatch="*")
    lake.store.settler.settle()  # files are made and removed behind the answer
    lake.store.leftovers.close()
    assert [path.read_bytes() for path in lake.store.blobs.folder.glob("??/*")] == [b"22"]
    lake.delete_object(Bucket="lake", Key="a")
    lake.store.leftovers.close()
    assert list(lake.store.blobs.folder.glob("??/*")) == []


def test_a_member_that_is_not_written_yet_is_refused(s3: Any, bucket: str) -> None:
    with refused("NotImplemented", 501) as told:
        s3.put_object(Bucket=bucket, Key="a", WebsiteRedirectLocation="/b", WriteOffsetBytes=1)
    assert "WriteOffsetBytes" in told["Error"]["Message"]


def test_a_put_of_many_megabytes_does_not_need_them_in_memory(lake: Any) -> None:
    class Zeros:
        left = 64 * MIB
        largest = 0

        def read(self, size: int = -1, /) -> bytes:
            self.largest = max(self.largest, size)
            size = min(size, self.left)
            self.left -= size
            return bytes(size)

    source = Zeros()
    lake.put_object(Bucket="lake", Key="zeros", Body=source)
    assert lake.head_object(Bucket="lake", Key="zeros")["ContentLength"] == 64 * MIB
    assert 0 < source.largest <= MIB


def test_a_body_that_ends_early_is_not_kept(lake: Any) -> None:
    class Cut(io.BytesIO):
        length = 10

    with pytest.raises(AwsError, match="IncompleteBody"):
        lake.put_object(Bucket="lake", Key="a", Body=Cut(b"12345"))
    assert lake.list_objects_v2(Bucket="lake")["KeyCount"] == 0
    assert list(lake.store.blobs.folder.glob("??/*")) == []


def test_a_full_disk_is_told_and_leaves_no_half_object(lake: Any) -> None:
    class Filling(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    lake.put_object(Bucket="lake", Key="a", Body=b"before")
    with pytest.raises(OSError, match="No space left"):
        lake.put_object(Bucket="lake", Key="a", Body=Filling())
    assert lake.get_object(Bucket="lake", Key="a")["Body"] == b"before"


def test_bytes_that_were_cut_short_on_disk_are_reported_not_served(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"whole")
    lake.store.settler.settle()
    (blob,) = lake.store.blobs.folder.glob("??/*")
    blob.chmod(0o600)
    blob.write_bytes(b"who")
    with pytest.raises(AwsError, match="damaged on disk"):
        lake.get_object(Bucket="lake", Key="a")


def test_a_database_without_room_answers_507_and_keeps_nothing(house: House, lake: Any) -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/*"}
    lake.delete_public_access_block(Bucket="lake")
    lake.put_bucket_policy(Bucket="lake", Policy=json.dumps({"Version": "2012-10-17", "Statement": [allow]}))
    pages = house.store.database.read("PRAGMA page_count")[0][0]
    house.store.database.write(lambda tx: tx.execute(f"PRAGMA max_page_count = {pages}"))
    statuses = []
    while 507 not in statuses:
        headers = Headers([("content-length", "1")])
        request = Request("PUT", f"/lake/{len(statuses)}", "", headers, io.BytesIO(b"x"), 1)
        statuses.append(app.respond(house, request).status)
        assert set(statuses) <= {200, 507}
    assert lake.list_objects_v2(Bucket="lake")["KeyCount"] == len(statuses) - 1
    lake.store.settler.settle()
    assert len(list(lake.store.blobs.folder.glob("??/*"))) == len(statuses) - 1


def test_metadata_beyond_ascii_goes_through_headers_as_s3_tells_it(lake: Any) -> None:
    for told in ("Đà Nẵng", "Đà Nẵng".encode().decode("latin-1"), "=?UTF-8?B?xJDDoCBO4bq1bmc=?="):
        lake.put_object(Bucket="lake", Key="a", Metadata={"city": told})
        assert lake.head_object(Bucket="lake", Key="a")["Metadata"] == {
            "city": "=?UTF-8?B?xJDDoCBO4bq1bmc=?="
        }


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: x", "\u2603.csv", "a\0"])
def test_nothing_gets_into_a_header_that_does_not_belong_there(lake: Any, value: str) -> None:
    lake.put_object(Bucket="lake", Key="a")
    for attempt in (
        lambda: lake.get_object(Bucket="lake", Key="a", ResponseContentDisposition=value),
        lambda: lake.put_object(Bucket="lake", Key="a", ContentType=value),
        lambda: lake.delete_object(Bucket="lake", Key="a", VersionId=value),
        lambda: lake.put_object(Bucket="lake", Key="a", Metadata={value: "x"}),
    ):
        with pytest.raises(AwsError, match="InvalidArgument"):
            attempt()
