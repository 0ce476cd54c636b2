"""Plain copies of sealed blobs, which engines read: private, and gone when nobody needs them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cumulet.store import Store
from cumulet.store.blobs import UNUSED


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path)
    yield opened
    opened.checkup.close()  # does nothing the second time
    opened.database.close()


def sealed(store: Store, content: bytes) -> str:
    with store.blobs.draft(".csv", sealed=True) as draft:
        draft.write(content)
        return draft.keep()


def test_engines_read_a_plain_blob_in_place_and_a_private_copy_of_a_sealed_one(store: Store) -> None:
    with store.blobs.draft(".csv") as draft:
        draft.write(b"plain")
        plain = draft.keep()
    assert store.blobs.readable(plain) == store.blobs.path(plain)
    copy = store.blobs.readable(sealed(store, b"secret"))
    assert copy.read_bytes() == b"secret"
    assert copy.suffix == ".csv"
    assert copy.parent.stat().st_mode & 0o077 == 0


def test_a_copy_goes_with_its_blob_with_the_store_and_when_nobody_asks_for_it(store: Store) -> None:
    deleted, old, kept = (sealed(store, b"x") for _ in range(3))
    copies = [store.blobs.readable(blob) for blob in (deleted, old, kept)]
    store.blobs.delete(deleted)
    assert not copies[0].exists()
    long_ago = time.time() - UNUSED - 1
    for copy in copies[1:]:
        os.utime(copy, (long_ago, long_ago))
    assert store.blobs.readable(kept) == copies[2]
    store.blobs.readable(sealed(store, b"another"))
    assert [copy.exists() for copy in copies] == [False, False, True]
    store.checkup.close()
    assert not copies[2].parent.exists()


def test_another_process_on_the_folder_leaves_the_copies_alone(store: Store, tmp_path: Path) -> None:
    copy = store.blobs.readable(sealed(store, b"x"))
    Store.open(tmp_path).close()
    assert copy.exists()


def test_no_copy_stays_of_what_was_deleted_meanwhile(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    blob = sealed(store, b"x")
    pieces = store.blobs.ring.pieces

    def slow(*arguments: object) -> Iterator[bytes]:
        yield from pieces(*arguments)  # type: ignore[arg-type]
        store.blobs.delete(blob)

    monkeypatch.setattr(store.blobs.ring, "pieces", slow)
    with pytest.raises(FileNotFoundError):
        store.blobs.readable(blob)
    assert list(store.blobs.opened.iterdir()) == []
