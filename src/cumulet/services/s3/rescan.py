"""The folder of a bucket and its index, held against each other: what was put by hand is taken in.

Both are walked in the order of keys, side by side, so a million objects cost two listings and no memory. What
the index says is true: an object whose file was deleted by hand is shown again, not deleted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cumulet.services.s3.access import Bucket
from cumulet.services.s3.dropped import QUIET, Dropped, Outcome, changed_since, owner
from cumulet.store.objects import Entry
from cumulet.store.strays import Standing, walk
from cumulet.store.tree import is_own
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.house import House


class Rescan:
    """One look at one bucket."""

    def __init__(self, s3: Any, bucket: Bucket) -> None:
        self.s3 = s3
        self.store = s3.store
        self.bucket = bucket["name"]
        self.dropped = Dropped(s3, bucket)

    def run(self) -> Iterator[Outcome]:
        """What was found and done, in the order of keys; files that were being written get a second look."""
        busy = []
        for standing, key in self._side_by_side():
            outcome = self._file(standing) if standing else self._object(key)
            if outcome and outcome.what == "busy" and standing:
                busy.append(standing)
            elif outcome:
                yield outcome
        if busy:
            time.sleep(QUIET)
        yield from filter(None, map(self._file, busy))

    def _side_by_side(self) -> Iterator[tuple[Standing | None, str]]:
        """Files that need a look, and keys whose object does not stand under its own name."""
        self.store.settler.settle_all()
        self.store.tree.add_bucket(self.bucket)  # somebody may have removed it
        files, objects = walk(os.fsencode(self.root)), self.store.objects.places(self.bucket)
        file, row = next(files, None), next(objects, None)
        while file or row:
            key = bytes(row[0]) if row else b""
            if row is None or (file and file.name < key):
                assert file
                yield file, ""
                file = next(files, None)
            elif file is None or key < file.name:
                yield None, key.decode()
                row = next(objects, None)
            else:
                if not self._in_step(file, row):
                    yield file, ""
                file, row = next(files, None), next(objects, None)

    def _in_step(self, file: Standing, row: Any) -> bool:
        """The usual case, without opening anything: the file is the object's, untouched."""
        _, blob, size, _, modified = row
        try:
            status = self.store.blobs.status(blob)
        except FileNotFoundError:
            return False
        return status.st_ino == file.inode and not changed_since(
            status, Entry("", "", size=size, blob=blob, modified=modified)
        )

    def _file(self, file: Standing) -> Outcome | None:
        if self.dropped.shows(file.path, file.name) or not (blobs := self._named_twice(file)):
            return self.dropped.examine(file.path, file.name)
        return self._known(file, blobs)

    def _named_twice(self, file: Standing) -> list[str]:
        """The blobs that a file is another name of."""
        status = _status(file.path)
        if status is None or not file.regular or status.st_nlink == 1:
            return []
        if status.st_ino not in self.blobs and not status.st_mode & 0o222:
            del self.blobs  # it may have been put over S3, and deleted, since they were read
        return self.blobs.get(status.st_ino, [])

    def _known(self, file: Standing, blobs: list[str]) -> Outcome | None:
        """Another name of bytes that are here already: left over, or made by hand of another object's."""
        key = os.fsdecode(file.name)
        refers = [entry for blob in blobs for entry in self.store.objects.referring(blob)]
        if any(entry.bucket == self.bucket and entry.key == key for entry in refers):
            return self._follow(key)
        return self._copied(refers[0], key) if refers else self._left_over(file)

    def _left_over(self, file: Standing) -> Outcome | None:
        """Bytes that belong to no object: deleted ones, whose name a crash left; or a file that is on its way
        to become an object, or was when another process died. Only who has the turn can tell."""
        with self.store.taking.held():
            del self.blobs
            if self._named_twice(file):
                return self._follow(os.fsdecode(file.name))
        return self.dropped.examine(file.path, file.name)

    def _copied(self, source: Entry, key: str) -> Outcome:
        current = self.store.objects.find(self.bucket, key)
        there = current is not None and current.listed
        version = {} if source.listed else {"VersionId": source.version}
        try:
            self.s3.copy_object(
                Bucket=self.bucket,
                Key=key,
                CopySource={"Bucket": source.bucket, "Key": source.key, **version},
                **({"IfMatch": f'"{current.etag}"'} if there and current else {"IfNoneMatch": "*"}),
            )
        except AwsError as error:
            return Outcome("refused", self.bucket, key, f"{error.code}: {error.message}")
        why = f"another name of s3://{source.bucket}/{source.key}"
        return Outcome("changed" if there else "added", self.bucket, key, why)

    def _object(self, key: str) -> Outcome | None:
        """An object that does not stand under its own name: under an escaped one, or nowhere."""
        entry = self.store.objects.find(self.bucket, key)
        if entry is None or not entry.listed:
            return None
        blob = self.store.blobs.filed(entry.blob)
        if (status := _status(os.fsencode(blob))) is None:
            return Outcome("missing", self.bucket, key, "its bytes are missing on disk")
        for path in self.store.tree.paths(self.bucket, key):
            if (there := _status(os.fsencode(path))) and there.st_ino == status.st_ino:
                return None
            if is_own(path):
                return None  # put there since the folder was read
        return self._follow(key)

    def _follow(self, key: str) -> Outcome | None:
        if not self.store.tree.linking:
            return None

        def current() -> Path | None:
            blob = self.store.objects.blob_of(self.bucket, key)
            return self.store.blobs.filed(blob) if blob else None

        self.store.tree.follow(self.bucket, key, current)
        return Outcome("shown", self.bucket, key)

    @property
    def root(self) -> Path:
        folder: Path = self.store.directory / "s3" / self.bucket
        return folder

    @cached_property
    def blobs(self) -> dict[int, list[str]]:
        """The blobs by the numbers of their files: read only where a file has another object's bytes."""
        found: dict[int, list[str]] = {}
        for inode, blob in self.store.blobs.inodes():
            found.setdefault(inode, []).append(blob)
        return found


def rescan(house: House, only: str = "") -> Iterator[Outcome]:
    """Every bucket (or one), each on behalf of its account; then what stands beside the buckets."""
    buckets = house.store.records.list("s3.bucket", "")
    for name, bucket in buckets:
        if only in ("", name):
            yield from Rescan(owner(house, bucket), bucket).run()
    if not only:
        yield from _beside(house, {name for name, _ in buckets})


def _beside(house: House, buckets: set[str]) -> Iterator[Outcome]:
    for path in sorted((house.store.directory / "s3").iterdir()):
        if path.name not in buckets and not path.name.startswith("."):
            why = f"no bucket has this name (cumulet s3 rescan {path.name} makes one)"
            yield Outcome("refused", path.name, "", why if path.is_dir() else "it lies in no bucket's folder")


def _status(path: bytes) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except (OSError, ValueError):
        return None
