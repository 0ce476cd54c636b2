# ruff: noqa: PTH116 - names of files are bytes
"""A file that somebody put into a bucket's folder becomes an object, as if it had been put over S3.

`put_object` does the work, so encryption by default, locks, versions, digests and events are those of any
PUT, by the root user of the bucket's account. What is done here is to get at the bytes safely: a file that is
still being written is left for later; one that is nobody else's is linked, another one copied.
"""

from __future__ import annotations

import mimetypes
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cumulet.services import Caller
from cumulet.services.s3 import rot
from cumulet.services.s3.access import Bucket
from cumulet.store.objects import Entry
from cumulet.store.sealed import LOCKED, MAGIC, is_sealed
from cumulet.store.strays import HIDDEN, TEMPORARY, is_written, refused_name
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.house import House

QUIET = 2.0  # seconds without a change, where the system does not tell whether somebody is writing
SLACK = 1.0  # an object's time is that of its last byte in whole seconds

What = Literal["added", "changed", "shown", "skipped", "busy", "refused", "damaged", "missing"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file or object. `skipped` is what is left alone by its name."""

    what: What
    bucket: str
    key: str
    why: str = ""


class Refused(Exception):
    """This file is left alone; the message says why."""


class Busy(Refused):
    """For now: somebody is still writing it."""


def owner(house: House, bucket: Bucket) -> Any:
    """S3 as the root user of a bucket's account has it."""
    account = bucket["account"]
    caller = Caller(account, bucket["region"], f"arn:aws:iam::{account}:root", account)
    return house.service("s3", caller)


class Dropped:
    """The files of one bucket's folder."""

    def __init__(self, s3: Any, bucket: Bucket) -> None:
        self.s3 = s3
        self.store = s3.store
        self.bucket = bucket["name"]

    def examine(self, path: bytes, name: bytes) -> Outcome | None:
        """Take a file in where it is not its key's object already; None where it is."""
        if why := refused_name(name):
            if self.shows(path, name):  # put over S3: any name is a key there
                return None
            what: What = "skipped" if why in (HIDDEN, TEMPORARY) else "refused"
            return Outcome(what, self.bucket, name.decode(errors="backslashreplace"), why)
        key = name.decode()
        entry = self._current(key)
        try:
            if entry and self._stands(path, entry):
                return self._stood(path, entry)
            self._take(path, key, entry)
        except Busy as busy:
            return Outcome("busy", self.bucket, key, str(busy))
        except Refused as refused:
            return Outcome("refused", self.bucket, key, str(refused))
        except AwsError as error:
            return Outcome("refused", self.bucket, key, f"{error.code}: {error.message}")
        except FileNotFoundError:
            return None  # taken away again
        except OSError as error:
            return Outcome("refused", self.bucket, key, error.strerror or str(error))
        return Outcome("changed" if entry else "added", self.bucket, key)

    def shows(self, path: bytes, name: bytes) -> bool:
        """Whether a file is where its own object stands."""
        try:
            entry = self._current(name.decode())
        except UnicodeDecodeError:
            return False
        return entry is not None and self._stands(path, entry)

    def _current(self, key: str) -> Entry | None:
        found: Entry | None = self.store.objects.find(self.bucket, key)
        return found if found and found.listed else None

    def _stands(self, path: bytes, entry: Entry) -> bool:
        """Whether the file is another name of its object's blob."""
        with suppress(FileNotFoundError):
            there, blob = os.lstat(path), self.store.blobs.status(entry.blob)
            return (there.st_dev, there.st_ino) == (blob.st_dev, blob.st_ino)
        return False

    def _stood(self, path: bytes, entry: Entry) -> Outcome | None:
        """The object's own file: as it was stored, edited in place, or damaged."""
        if not changed_since(os.stat(path), entry):
            return None
        if not (why := rot.fault(self.store.blobs, entry)):
            return None
        with path_opened(path) as file:
            if is_sealed(entry.blob) and os.pread(file, len(MAGIC), 0) in (MAGIC, LOCKED):
                return Outcome("damaged", self.bucket, entry.key, why)
        self._take(path, entry.key, entry, linked=False)
        return Outcome("changed", self.bucket, entry.key, "edited in place")

    def _take(self, path: bytes, key: str, entry: Entry | None, *, linked: bool = True) -> None:
        with self.store.taking.held(), path_opened(path) as file:
            before = os.fstat(file)
            check_complete(file, before)
            if linked and is_free(before):
                self._put_linked(path, file, before, key, entry)
                return
            with self.store.taking.copy(file) as aside:
                check_unchanged(file, before)
                self._put(aside, key, entry)

    def _put_linked(
        self, path: bytes, file: int, before: os.stat_result, key: str, entry: Entry | None
    ) -> None:
        """Its bytes stay where they are, under one name more. From here on the file is read-only."""
        try:
            with self.store.taking.link(path) as aside:
                aside.chmod(0o444)  # before the bytes are digested
                self._put(aside, key, entry)
        except BaseException:
            os.fchmod(file, stat.S_IMODE(before.st_mode))
            raise
        check_unchanged(file, before)

    def _put(self, aside: Any, key: str, entry: Entry | None) -> None:
        kind, encoding = mimetypes.guess_type(f"/{key}")
        self.s3.put_object(
            Bucket=self.bucket,
            Key=key,
            Body=aside,
            **({"IfMatch": f'"{entry.etag}"'} if entry else {"IfNoneMatch": "*"}),
            **({"ContentType": kind} if kind and not encoding else {}),
        )


def changed_since(status: os.stat_result, entry: Entry) -> bool:
    """Whether a blob's file has been written to since it was stored; its bytes say whether to a purpose."""
    size = entry.size if not is_sealed(entry.blob) else status.st_size
    return status.st_size != size or status.st_mtime >= entry.modified + SLACK


def is_free(status: os.stat_result) -> bool:
    """Whether a file is ours alone, so that it can become a blob as it is: no other name, no other owner."""
    return status.st_nlink == 1 and status.st_uid == os.geteuid() and status.st_mtime <= time.time()


def check_complete(file: int, status: os.stat_result) -> None:
    written = is_written(file)
    if written:
        raise Busy("somebody is still writing it")
    if written is None and status.st_mtime > time.time() - QUIET:
        raise Busy("it changed a moment ago")


def check_unchanged(file: int, before: os.stat_result) -> None:
    now = os.fstat(file)
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise Busy("it changed while it was taken in")


@contextmanager
def path_opened(path: bytes) -> Iterator[int]:
    """A regular file, open for reading. Nothing else is opened, waited for or followed."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise Refused(f"it is {_kind(os.lstat(path).st_mode)}")
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise Refused("it is not a regular file")
        yield file
    finally:
        os.close(file)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link: put the file itself here"
    if stat.S_ISDIR(mode):
        return "a folder that cannot be read"
    return "not a regular file"
