from __future__ import annotations

from pathlib import Path

import pytest

from cumulet.store.blobs import Blobs, suffix_of
from cumulet.store.sealed import Ring


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs", Ring(tmp_path / "keys" / "objects.key"))


def written(blobs: Blobs, content: bytes, suffix: str = "") -> str:
    with blobs.draft(suffix) as draft:
        draft.write(content)
        return draft.keep()


def files(blobs: Blobs) -> list[Path]:
    return [path for path in blobs.folder.rglob("*") if path.is_file()]


def test_a_blob_holds_what_was_written_and_cannot_be_changed_in_place(blobs: Blobs) -> None:
    path = blobs.path(written(blobs, b"one" * 100_000, ".csv"))
    assert path.read_bytes() == b"one" * 100_000
    assert path.suffix == ".csv"
    assert path.stat().st_mode & 0o222 == 0


def test_a_draft_that_fails_leaves_no_file(blobs: Blobs) -> None:
    def write_half() -> None:
        with blobs.draft() as draft:
            draft.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert files(blobs) == []


def test_an_adopted_file_is_moved(blobs: Blobs, tmp_path: Path) -> None:
    file = tmp_path / "model.tar.gz"
    file.write_bytes(b"weights")
    inode = file.stat().st_ino
    path = blobs.path(blobs.adopt(file, ".tar.gz"))
    assert not file.exists()
    assert (path.read_bytes(), path.stat().st_ino) == (b"weights", inode)


def test_a_symbolic_link_is_not_adopted(blobs: Blobs, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/etc/hostname")
    with pytest.raises(ValueError, match="regular"):
        blobs.adopt(link)


def test_a_shared_blob_outlives_the_first(blobs: Blobs) -> None:
    first = written(blobs, b"same")
    second = blobs.share(first)
    blobs.delete(first)
    assert blobs.path(second).read_bytes() == b"same"


def test_joined_blobs_stand_one_behind_the_other(blobs: Blobs) -> None:
    parts = [written(blobs, bytes([number]) * (1 << 20)) for number in range(3)]
    assert blobs.path(blobs.join(parts)).read_bytes() == b"".join(bytes([n]) * (1 << 20) for n in range(3))


def test_a_range_of_a_blob_is_appended(blobs: Blobs) -> None:
    source = blobs.path(written(blobs, b"0123456789"))
    with blobs.draft() as draft:
        draft.append(source, 2, 3)
        assert blobs.path(draft.keep()).read_bytes() == b"234"


def test_orphans_are_files_from_before_the_last_crash_that_nothing_refers_to(blobs: Blobs) -> None:
    kept, lost = written(blobs, b"kept"), written(blobs, b"lost")
    assert list(blobs.orphans({kept})) == []
    blobs.begin_generation()
    written(blobs, b"not referred to yet")
    blobs.share(lost)  # a second name for the same file: only its own name is old
    assert [path.name for path in blobs.orphans({kept})] == [lost]


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a/b.csv.gz", ".csv.gz"), ("b.parquet", ".parquet"), ("a.b/c", ""), ("x.", ""), ("x.é", ""), ("", "")],
)
def test_the_suffix_is_the_file_type(name: str, suffix: str) -> None:
    assert suffix_of(name) == suffix
