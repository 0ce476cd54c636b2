"""The lake is also a folder: what people put there becomes objects, and nobody loses a file over it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cumulet.config import Config
from cumulet.house import House
from cumulet.services.s3.dropped import Outcome
from cumulet.services.s3.rescan import rescan

from .asking import MIB

pytestmark = pytest.mark.usefixtures("filed")


@pytest.fixture
def folder(lake: Any) -> Path:
    path: Path = lake.store.directory / "s3" / "lake"
    return path


def look(lake: Any, bucket: str = "") -> dict[str, Outcome]:
    found = list(rescan(lake.house, bucket))
    assert len({outcome.key for outcome in found}) == len(found)
    return {outcome.key: outcome for outcome in found}


def whats(lake: Any) -> dict[str, str]:
    return {key: outcome.what for key, outcome in look(lake).items()}


def content(lake: Any, key: str, **more: Any) -> bytes:
    found = lake.get_object(Bucket="lake", Key=key, **more)["Body"]
    return found if isinstance(found, bytes) else b"".join(found.chunks())


def keys(lake: Any) -> list[str]:
    return [item["Key"] for item in lake.list_objects_v2(Bucket="lake")["Contents"]]


def test_a_dropped_file_is_the_object_that_a_put_would_have_made(lake: Any, folder: Path) -> None:
    data = b"id,text\n1,a fine film\n"
    (folder / "raw").mkdir()
    (folder / "raw/put.csv").write_bytes(data)
    lake.put_object(Bucket="lake", Key="same.csv", Body=data, ContentType="text/csv")
    assert whats(lake) == {"raw/put.csv": "added"}
    told = lake.head_object(Bucket="lake", Key="raw/put.csv", ChecksumMode="ENABLED")
    like = lake.head_object(Bucket="lake", Key="same.csv", ChecksumMode="ENABLED")
    assert told["ETag"] == like["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert {**told, "LastModified": 0} == {**like, "LastModified": 0}
    assert content(lake, "raw/put.csv") == (folder / "raw/put.csv").read_bytes() == data
    assert whats(lake) == {}


def test_the_bytes_do_not_move(lake: Any, folder: Path) -> None:
    (folder / "big.bin").write_bytes(os.urandom(3 * MIB))
    inode = (folder / "big.bin").stat().st_ino
    assert whats(lake) == {"big.bin": "added"}
    (file,) = lake.files(Bucket="lake")
    assert file.path.stat().st_ino == (folder / "big.bin").stat().st_ino == inode
    assert not (folder / "big.bin").stat().st_mode & 0o222
    assert content(lake, "big.bin") == (folder / "big.bin").read_bytes()


def test_a_file_that_has_another_name_elsewhere_is_copied(lake: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("first")
    (folder / "mine.txt").hardlink_to(tmp_path / "mine.txt")
    assert whats(lake) == {"mine.txt": "added"}
    (tmp_path / "mine.txt").write_text("edited elsewhere")
    assert content(lake, "mine.txt") == (folder / "mine.txt").read_bytes() == b"first"
    assert whats(lake) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_of_somebody_else_is_copied(lake: Any, folder: Path) -> None:
    (folder / "theirs").write_text("x")
    os.chown(folder / "theirs", 12345, 12345)
    assert whats(lake) == {"theirs": "added"}
    assert (folder / "theirs").stat().st_uid == 0
    assert content(lake, "theirs") == b"x"


def test_an_editor_that_saves_by_renaming_makes_a_new_object(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="a.txt", Body=b"old", Metadata={"kept": "no"})
    (folder / ".a.txt.new").write_text("new and longer")
    (folder / ".a.txt.new").rename(folder / "a.txt")
    assert whats(lake) == {"a.txt": "changed"}
    assert content(lake, "a.txt") == b"new and longer"
    lake.store.leftovers.close()
    assert len(list(lake.store.blobs.inodes())) == 1


def edit(path: Path, text: bytes) -> None:
    """As root, or after a chmod, one can: in place, under the object's feet, some time after it was stored."""
    path.chmod(0o644)
    path.write_bytes(text)
    path.chmod(0o444)
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime + 5))


@pytest.mark.parametrize("text", [b"same size!", b"longer than it was"])
def test_an_edit_in_place_is_a_new_object_not_damage(lake: Any, folder: Path, text: bytes) -> None:
    lake.put_object(Bucket="lake", Key="a.txt", Body=b"it was ten")
    edit(folder / "a.txt", text)
    assert whats(lake) == {"a.txt": "changed"}
    assert content(lake, "a.txt") == (folder / "a.txt").read_bytes() == text
    assert whats(lake) == {}


def test_an_edit_in_place_reaches_copies_that_share_the_file(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"one")
    lake.copy_object(Bucket="lake", Key="b", CopySource="lake/a")
    edit(folder / "a", b"two")
    assert whats(lake) == {"a": "changed", "b": "changed"}
    assert content(lake, "a") == content(lake, "b") == b"two"
    assert whats(lake) == {}


def test_a_touched_file_is_looked_at_and_left(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"one")
    os.utime(folder / "a", (0, (folder / "a").stat().st_mtime + 100))
    assert whats(lake) == {}


def test_a_versioned_bucket_gets_a_new_version(lake: Any, folder: Path) -> None:
    lake.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    first = lake.put_object(Bucket="lake", Key="a", Body=b"one")["VersionId"]
    (folder / "new").write_text("two")
    (folder / "new").rename(folder / "a")
    assert whats(lake) == {"a": "changed"}
    assert content(lake, "a") == b"two"
    assert content(lake, "a", VersionId=first) == b"one"


def test_a_deleted_object_stays_deleted_and_a_new_file_in_its_place_is_new(lake: Any, folder: Path) -> None:
    lake.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    lake.put_object(Bucket="lake", Key="a", Body=b"one")
    lake.delete_object(Bucket="lake", Key="a")
    assert whats(lake) == {}
    (folder / "a").write_text("two")
    assert whats(lake) == {"a": "added"}
    assert len(lake.list_object_versions(Bucket="lake")["Versions"]) == 2


def test_a_bucket_that_encrypts_seals_what_is_dropped(lake: Any, folder: Path) -> None:
    by_default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    lake.put_bucket_encryption(Bucket="lake", ServerSideEncryptionConfiguration={"Rules": [by_default]})
    (folder / "secret.txt").write_text("plain text")
    assert whats(lake) == {"secret.txt": "added"}
    assert lake.head_object(Bucket="lake", Key="secret.txt")["ServerSideEncryption"] == "AES256"
    assert content_of_sealed(lake, "secret.txt") == b"plain text"
    assert b"plain text" not in (folder / "secret.txt").read_bytes()
    edit(folder / "secret.txt", b"again in plain")
    assert whats(lake) == {"secret.txt": "changed"}
    assert content_of_sealed(lake, "secret.txt") == b"again in plain"
    sealed = folder / "secret.txt"
    edit(sealed, sealed.read_bytes()[:-1] + b"!")
    assert whats(lake) == {"secret.txt": "damaged"}


def content_of_sealed(lake: Any, key: str) -> bytes:
    found: bytes = lake.get_object(Bucket="lake", Key=key)["Body"]
    return found


def test_a_default_retention_locks_what_is_dropped(lake: Any) -> None:
    lake.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    lake.put_object_lock_configuration(
        Bucket="locked", ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    (lake.store.directory / "s3/locked/a").write_text("x")
    assert whats(lake) == {"a": "added"}
    assert lake.head_object(Bucket="locked", Key="a")["ObjectLockMode"] == "GOVERNANCE"


def test_a_bucket_of_another_account_keeps_its_owner(lake: Any, stranger: Any) -> None:
    stranger.create_bucket(Bucket="theirs")
    (lake.store.directory / "s3/theirs/a").write_text("x")
    assert whats(lake) == {"a": "added"}
    assert stranger.get_object(Bucket="theirs", Key="a")["Body"] == b"x"


def test_a_removed_file_is_shown_again_and_its_object_stays(lake: Any, folder: Path) -> None:
    for key in ("a", "b/c", "d", "d/e"):
        lake.put_object(Bucket="lake", Key=key, Body=key.encode())
    (folder / "a").unlink()
    (folder / "b/c").unlink()
    (folder / "b").rmdir()
    assert whats(lake) == {"a": "shown", "b/c": "shown"}
    assert (folder / "b/c").read_text() == "b/c"
    assert whats(lake) == {}
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    assert set(whats(lake).values()) == {"shown"}
    assert keys(lake) == ["a", "b/c", "d", "d/e"]


def test_a_file_moved_within_the_lake_is_a_copy_and_what_it_was_stays(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="a.csv", Body=b"one", Metadata={"by": "me"})
    lake.put_object(Bucket="lake", Key="b.csv", Body=b"two")
    (folder / "new.csv").hardlink_to(folder / "a.csv")
    (folder / "a.csv").rename(folder / "b.csv")
    assert whats(lake) == {"a.csv": "shown", "b.csv": "changed", "new.csv": "added"}
    assert [content(lake, key) for key in ("a.csv", "b.csv", "new.csv")] == [b"one"] * 3
    assert lake.head_object(Bucket="lake", Key="new.csv")["Metadata"] == {"by": "me"}
    assert whats(lake) == {}


def test_a_name_left_over_by_a_crash_brings_nothing_back(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="gone", Body=b"deleted")
    blob = lake.store.blobs.path(lake.store.objects.find("lake", "gone").blob)
    spare = blob.with_name(blob.name + "-spare")
    spare.hardlink_to(blob)
    lake.delete_object(Bucket="lake", Key="gone")
    (folder / "gone").hardlink_to(spare)
    assert whats(lake) == {"gone": "shown"}
    assert not (folder / "gone").exists()
    assert keys(lake) == []


def test_bytes_that_are_missing_are_told(lake: Any, folder: Path) -> None:
    lake.put_object(Bucket="lake", Key="a", Body=b"x")
    lake.store.blobs.path(lake.store.objects.find("lake", "a").blob).unlink()
    assert whats(lake) == {"a": "changed"}, "its name in the folder still has them"
    lake.store.blobs.path(lake.store.objects.find("lake", "a").blob).unlink()
    (folder / "a").unlink()
    assert whats(lake) == {"a": "missing"}


@pytest.mark.parametrize(
    "name", [".DS_Store", ".git/config", "movie.mp4.part", "a.crdownload", "a.csv~", "~$budget.xlsx", "x.TMP"]
)
def test_hidden_and_temporary_files_are_left_alone(lake: Any, folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("x")
    assert whats(lake) == {name: "skipped"}
    lake.put_object(Bucket="lake", Key=name, Body=b"over S3 any name is a key")
    assert whats(lake) == {}


def test_what_cannot_be_an_object_is_left_alone_and_told(lake: Any, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("outside")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked-folder").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        with contextlib.chdir(folder):  # the path of a socket may have 107 bytes only
            listening.bind("socket")
    (Path(os.fsdecode(os.fsencode(folder) + b"/not-\xff-utf8"))).write_text("x")
    long = folder
    for _ in range(5):
        long = long / ("d" * 220)
        long.mkdir()
    (long / "file").write_text("x")
    found = look(lake)
    assert {outcome.what for outcome in found.values()} == {"refused"}
    assert "symbolic link" in found["link"].why
    assert "symbolic link" in found["linked-folder"].why
    assert "not a regular file" in found["pipe"].why
    assert "not a regular file" in found["socket"].why
    assert "UTF-8" in found["not-\\xff-utf8"].why
    assert len(found) == 6
    assert keys(lake) == []
    assert (tmp_path / "secret").read_text() == "outside"


def test_what_a_unix_file_may_be_called_is_a_key(lake: Any, folder: Path) -> None:
    odd = [
        "new\nline",
        "back\\slash",
        "ünï-cödé 雪",
        "=a%20b",
        "data:,x.csv",
        "empty",
        "-rf",
        "*?[",
        "\u00e9",
        "e\u0301",
    ]
    for name in odd:
        (folder / name).write_text(name if name != "empty" else "")
    assert whats(lake) == dict.fromkeys(odd, "added")
    assert sorted(keys(lake), key=str.encode) == sorted(odd, key=str.encode) == keys(lake)
    assert content(lake, "new\nline") == b"new\nline"
    assert whats(lake) == {}


def test_a_file_that_is_being_written_is_left_for_later(lake: Any, folder: Path) -> None:
    with (folder / "growing.csv").open("w") as file:
        file.write("half")
        file.flush()
        assert whats(lake) == {"growing.csv": "busy"}
        assert (folder / "growing.csv").stat().st_mode & 0o200
        file.write(" and half")
    assert whats(lake) == {"growing.csv": "added"}
    assert content(lake, "growing.csv") == b"half and half"


def test_what_cannot_be_taken_in_stays_as_it_was(lake: Any, folder: Path) -> None:
    policy = """{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*",
        "Action": "s3:PutObject", "Resource": "arn:aws:s3:::lake/*"}}"""
    lake.put_bucket_policy(Bucket="lake", Policy=policy)
    (folder / "a").write_text("x")
    mode = (folder / "a").stat().st_mode
    assert look(lake)["a"].why.startswith("AccessDenied")
    assert (folder / "a").stat().st_mode == mode
    assert (folder / "a").stat().st_nlink == 1
    assert list(lake.store.blobs.inodes()) == list((lake.store.blobs.folder / "taking").iterdir()) == []


def test_folders_beside_the_buckets_are_told_and_not_touched(lake: Any, folder: Path) -> None:
    (folder.parent / "new-bucket").mkdir()
    (folder.parent / "new-bucket/a").write_text("x")
    (folder.parent / "lost.txt").write_text("x")
    found = list(rescan(lake.house))
    assert [(o.bucket, o.what) for o in found] == [("lost.txt", "refused"), ("new-bucket", "refused")]
    assert "cumulet s3 rescan new-bucket" in found[1].why


def cumulet(lake_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cumulet", "s3", *arguments, "--data-dir", str(lake_dir)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_command_works_beside_a_server_and_without_one(own_server: Any) -> None:
    s3, data = own_server.client("s3"), own_server.data_dir
    s3.create_bucket(Bucket="lake")
    (data / "s3/lake/by-hand.csv").write_text("1,2\n")
    done = cumulet(data, "rescan")
    assert (done.returncode, done.stderr) == (0, "")
    assert "added        s3://lake/by-hand.csv" in done.stdout or "nothing to do" in done.stdout
    assert s3.get_object(Bucket="lake", Key="by-hand.csv")["Body"].read() == b"1,2\n"
    own_server.child.stop()
    (data / "s3/lake/second.csv").write_text("3\n")
    (data / "s3/another").mkdir()
    (data / "s3/another/first.csv").write_text("4\n")
    done = cumulet(data, "rescan")
    assert done.returncode == 1
    assert "added        s3://lake/second.csv" in done.stdout
    assert "cumulet s3 rescan another" in done.stdout
    assert "added        s3://another/first.csv" in cumulet(data, "rescan", "another").stdout
    assert cumulet(data, "rescan", "nowhere").stderr == "cumulet s3: there is no bucket nowhere\n"
    assert cumulet(data, "rescan", "../lake").returncode == 1
    verified = cumulet(data, "verify")
    assert (verified.returncode, verified.stdout) == (0, "3 objects and versions, 8 bytes read: all whole\n")
    own_server.start()
    assert s3.get_object(Bucket="another", Key="first.csv")["Body"].read() == b"4\n"


def test_verify_lists_what_is_damaged_and_missing(lake: Any, folder: Path) -> None:
    lake.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
    for key in ("bad", "bad", "fine", "gone"):
        lake.put_object(Bucket="lake", Key=key, Body=key.encode())
    lake.put_object(Bucket="lake", Key="sealed", Body=b"x" * 100, ServerSideEncryption="AES256")
    lake.delete_object(Bucket="lake", Key="gone")
    entries = lake.store.objects.versions("lake", b"", b"\xff", (b"", 0), 10)
    for entry in entries:
        path = lake.store.blobs.path(entry.blob) if entry.blob else None
        if path and entry.key in ("bad", "sealed"):
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[:-1] + b"!")
        elif path and entry.key == "gone":
            path.unlink()
    lake.house.close()
    done = cumulet(lake.store.directory, "verify", "lake")
    assert done.returncode == 1
    assert done.stdout.count("DAMAGED      s3://lake/bad") == 2
    assert done.stdout.count("DAMAGED      s3://lake/sealed") == 1
    assert done.stdout.count("MISSING      s3://lake/gone") == 1
    assert done.stdout.endswith("5 objects and versions, 114 bytes read: 4 damaged or missing\n")


STEPS = {
    "linked": ("cumulet.store.taking", "sync_folder"),
    "adopted": ("cumulet.services.s3.versions.Versions", "_publish"),
    "committed": ("cumulet.services.s3.versions.Versions", "_follow_up"),
}
KILLED = """
import sys, os, signal
from importlib import import_module
from pathlib import Path
from cumulet.config import Config
from cumulet.house import House
from cumulet.services.s3.rescan import rescan
where, name = sys.argv[2:]
try:
    owner = import_module(where)
except ModuleNotFoundError:
    module, _, cls = where.rpartition(".")
    owner = getattr(import_module(module), cls)
setattr(owner, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
list(rescan(House(Config(data_dir=Path(sys.argv[1])))))
"""


@pytest.fixture
def closed(lake: Any) -> Path:
    """The data directory of a lake that nobody has open, with two files dropped."""
    folder = lake.store.directory / "s3/lake"
    lake.put_object(Bucket="lake", Key="old", Body=b"old")
    (folder / "new").write_text("new")
    (folder / "edited").write_text("edited")
    (folder / "edited").rename(folder / "old")
    lake.house.close()
    data_dir: Path = lake.store.directory
    return data_dir


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("checked", [True, False], ids=["the check first", "beside a server"])
def test_no_kill_costs_anybody_a_file(closed: Path, step: str, checked: bool) -> None:
    folder, files = closed / "s3/lake", {"new": "new", "old": "edited"}
    keeper = None if checked else House(Config(data_dir=closed))  # then the one that dies is not the keeper
    killed = subprocess.run([sys.executable, "-c", KILLED, str(closed), *STEPS[step]], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert texts(folder) == files
    house = keeper or House(Config(data_dir=closed))
    store = house.store
    assert store.checkup.wait(30)
    assert texts(folder) == files
    list(rescan(house))
    assert texts(folder) == files
    entries = list(store.objects.walk("lake"))
    assert {entry.key: store.blobs.path(entry.blob).read_text() for entry in entries} == files
    assert list(store.taking.folder.iterdir()) == []
    store.leftovers.close()
    orphans = {blob for _, blob in store.blobs.inodes()} - store.objects.blobs()
    assert not orphans or (step == "committed" and not checked), "what was replaced waits for the next check"
    assert list(rescan(house)) == []
    house.close()
