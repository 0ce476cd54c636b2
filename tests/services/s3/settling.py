"""Comparing what a server holds after a crash with what its clients were told."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .asking import body
from .journal import PLAIN, SEALED, VERSIONED, Contended, Open, Shelf, State, Writer

BUCKETS = (PLAIN, SEALED, VERSIONED)
Found = dict[tuple[str, str], State | None]


@dataclass
class Held:
    """Everything that a server shows of the buckets, each object read and held against its own listing."""

    objects: Found
    versions: dict[str, dict[str, State | None]]  # by key, by version id; the oldest first
    latest: dict[str, str]
    uploads: dict[str, tuple[str, str]]

    @classmethod
    def of(cls, s3: Any) -> Held:
        versions, latest = _versions(s3)
        uploads = {
            each["UploadId"]: (bucket, each["Key"])
            for bucket in (PLAIN, SEALED)
            for each in _pages(s3, "list_multipart_uploads", "Uploads", bucket)
        }
        return cls({k: v for b in (PLAIN, SEALED) for k, v in _objects(s3, b)}, versions, latest, uploads)


def _pages(s3: Any, operation: str, member: str, bucket: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator(operation).paginate(Bucket=bucket):
        yield from page.get(member, [])


def _objects(s3: Any, bucket: str) -> Iterator[tuple[tuple[str, str], State]]:
    for item in _pages(s3, "list_objects_v2", "Contents", bucket):
        where = {"Bucket": bucket, "Key": item["Key"]}
        answer = s3.get_object(**where)
        state = _state(answer)
        assert (state.size, answer["ETag"]) == (item["Size"], item["ETag"]), where
        if answer.get("TagCount"):
            (tag,) = s3.get_object_tagging(**where)["TagSet"]
            state = State(state.token, state.size, tag["Value"])
        yield (bucket, item["Key"]), state


def _state(answer: dict[str, Any]) -> State:
    """What an object's bytes stand for, having looked at every one of them."""
    content = body(answer)
    state = State(content.partition(b"\n")[0].decode(), len(content))
    assert content == state.content, f"a mixture: {content[:200]!r}"
    etag = answer["ETag"].strip('"')
    assert "-" in etag or etag == hashlib.md5(content).hexdigest()
    return state


def _versions(s3: Any) -> tuple[dict[str, dict[str, State | None]], dict[str, str]]:
    found: dict[str, dict[str, State | None]] = defaultdict(dict)
    latest = {}
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=VERSIONED):
        markers = {each["VersionId"]: None for each in page.get("DeleteMarkers", [])}
        both = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        for each in both:
            key, version = each["Key"], each["VersionId"]
            if version in markers:
                found[key][version] = None
            else:
                found[key][version] = _state(s3.get_object(Bucket=VERSIONED, Key=key, VersionId=version))
            if each["IsLatest"]:
                assert key not in latest, key
                latest[key] = version
    return found, latest


def settle(s3: Any, writers: list[Writer], contended: Contended) -> int:
    """Everything is as allowed; from here on what is found counts. How many objects there were."""
    held = Held.of(s3)
    for writer in writers:
        if writer.failure:
            raise AssertionError(f"writer {writer.number} was told something wrong") from writer.failure
        _settle_uploads(s3, writer, held)
        _settle_registers(writer, held)
        for key, shelf in writer.shelves.items():
            _settle_shelf(key, shelf, held)
    _settle_contended(contended, held)
    known = {where for writer in writers for where in writer.registers}
    strangers = {where for where in held.objects if where not in known and "contended" not in where[1]}
    assert strangers == set()
    return len(held.objects) + sum(map(len, held.versions.values()))


def _settle_registers(writer: Writer, held: Held) -> None:
    for where, register in writer.registers.items():
        found = held.objects.get(where)
        assert found in register.allowed, f"{where} is {found}, not one of {register.allowed}"
        register.acknowledged, register.pending = found, []
    writer.unsure.clear()


def _settle_uploads(s3: Any, writer: Writer, held: Held) -> None:
    mine = {id for id, (_, key) in held.uploads.items() if key.startswith(f"writer-{writer.number}/")}
    unknown = mine - set(writer.uploads)
    assert len(unknown) <= writer.begun, f"uploads that nobody began: {unknown}"
    for id, upload in list(writer.uploads.items()):
        if id not in mine:
            became = upload.ending and held.objects.get((upload.bucket, upload.key)) == upload.ending
            assert upload.aborting or became, f"the upload {id} to {upload.key} is lost"
            del writer.uploads[id]
        else:
            _settle_upload(s3, id, upload, held)
    for id in unknown:
        bucket, key = held.uploads[id]
        s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=id)
    writer.begun = 0


def _settle_upload(s3: Any, id: str, upload: Open, held: Held) -> None:
    """An upload that is still there: all of its acknowledged parts are, and it has not become an object."""
    where = {"Bucket": upload.bucket, "Key": upload.key, "UploadId": id}
    parts = {p["PartNumber"]: (p["ETag"], p["Size"]) for p in s3.list_parts(**where).get("Parts", [])}
    beyond = {number: part for number, part in parts.items() if number not in upload.parts}
    assert {number: parts.get(number) for number in upload.parts} == upload.parts
    assert set(beyond) <= {upload.pending}
    if upload.ending:
        assert held.objects.get((upload.bucket, upload.key)) != upload.ending, f"half completed: {id}"
    upload.parts, upload.pending, upload.ending, upload.aborting = parts, 0, None, False


def _settle_shelf(key: str, shelf: Shelf, held: Held) -> None:
    found = held.versions.get(key, {})
    kept = {id: state for id, state in shelf.versions.items() if id not in shelf.removed}
    assert {id: found.get(id, "lost") for id in kept} == kept, f"versions of {key}"
    beyond = [state for id, state in found.items() if id not in shelf.versions]
    assert beyond in ([], shelf.added), f"versions of {key} that nobody wrote: {beyond}"
    newest = [id for id in found if id not in shelf.versions] or [id for id in shelf.versions if id in found]
    assert held.latest.get(key) == (newest[-1] if newest else None), f"the latest of {key}"
    shelf.versions = {id: found[id] for id in [*shelf.versions, *newest] if id in found}
    shelf.added, shelf.removed = [], []


def _settle_contended(contended: Contended, held: Held) -> None:
    found = {key: held.objects.get((PLAIN, key)) for key in contended.writes}
    for key, state in found.items():
        assert state in contended.allowed(key), f"{key} is {state}"
    contended.settle(found)


def in_order(data_dir: Path, patience: float = 60.0) -> None:
    """Once the check has run there is no file without an object, and the folders show exactly the objects."""
    until = time.monotonic() + patience
    while told := disorder(data_dir):
        assert time.monotonic() < until, told
        time.sleep(0.05)  # the check runs beside the server's work, and says nothing when it is through


def disorder(data_dir: Path) -> str:
    """What is not as it should be in the data directory of a server that nobody is asking anything."""
    blobs = data_dir / "s3/.objects"
    database = sqlite3.connect(f"file:{data_dir / 'cumulet.db'}?mode=ro", uri=True)
    try:
        known = {
            blob
            for (blob,) in database.execute(
                "SELECT blob FROM objects WHERE blob <> '' UNION SELECT blob FROM parts"
            )
        }
        listed = database.execute("SELECT bucket, blob FROM objects WHERE listed = 1").fetchall()
    finally:
        database.close()
    on_disk = {path.name for path in blobs.glob("??/*")}
    if on_disk != known:
        return f"files without an object: {on_disk - known}; objects without a file: {known - on_disk}"
    for bucket in BUCKETS:
        files = [path for path in (data_dir / "s3" / bucket).rglob("*") if path.is_file()]
        current = sorted((blobs / blob[:2] / blob).stat().st_ino for name, blob in listed if name == bucket)
        if current != sorted(path.stat().st_ino for path in files):
            stale = [path for path in files if path.stat().st_ino not in current]
            return f"{bucket} has {len(current)} objects and shows {len(files)} files; stale are {stale}"
    return ""
