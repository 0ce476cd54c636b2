"""The index of objects, on every database that the store knows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cumulet.store.database import Database
from cumulet.store.objects import Entry, Objects, behind, folder_of


@pytest.fixture
def objects(database: Database) -> Objects:
    return Objects(database)


def put(objects: Objects, key: str, blob: str = "", **values: object) -> list[str]:
    entry = Entry("lake", key, blob=blob or f"blob of {key!a}", **values)  # type: ignore[arg-type]
    return objects.database.write(lambda _: objects.put(entry))


def keys(objects: Objects, **asked: object) -> list[str]:
    return [item.key for item in objects.page("lake", **asked).objects]  # type: ignore[arg-type]


def test_what_was_put_is_found_with_all_that_belongs_to_it(objects: Objects) -> None:
    detail = {"headers": {"ContentType": "text/csv"}, "metadata": {"naïve": "\u2603"}}
    put(
        objects, "a/\0b", size=5, etag="e", modified=12.5, storage="STANDARD", checksum="CRC32", detail=detail
    )
    found = objects.find("lake", "a/\0b")
    assert found is not None
    assert (found.size, found.etag, found.modified, found.detail) == (5, "e", 12.5, detail)


def test_replacing_gives_back_the_blob_that_is_lost(objects: Objects) -> None:
    assert put(objects, "a", "one") == []
    assert put(objects, "a", "two") == ["one"]
    assert keys(objects) == ["a"]


def test_keys_list_in_the_order_of_their_utf8_bytes(objects: Objects) -> None:
    wanted = ["", "A", "a", "a\0b", "a/b", "e\u0301", "\u00e9", "\uffee", "\U0001f600"][1:]
    for key in reversed(wanted):
        put(objects, key)
    assert keys(objects) == wanted == sorted(wanted, key=str.encode)


def test_a_new_version_hides_the_old_one_and_its_removal_brings_it_back(objects: Objects) -> None:
    put(objects, "a", "one", version="v1", rank=-1)
    put(objects, "a", "two", version="v2", rank=-2)
    current = objects.find("lake", "a")
    assert current is not None
    assert current.version == "v2"
    assert objects.database.write(lambda _: objects.remove(current)) == ["two"]
    assert [item.version for item in objects.walk("lake")] == ["v1"]


def test_a_delete_marker_hides_a_key_from_listings(objects: Objects) -> None:
    put(objects, "a", "one", version="v1", rank=-1)
    marker = Entry("lake", "a", version="v2", rank=-2, marker=True)
    objects.database.write(lambda _: objects.put(marker))
    assert keys(objects) == []
    assert objects.find("lake", "a").marker  # type: ignore[union-attr]
    objects.database.write(lambda _: objects.remove(marker))
    assert keys(objects) == ["a"]


def test_a_null_version_replaces_only_the_null_version(objects: Objects) -> None:
    put(objects, "a", "unversioned")
    put(objects, "a", "versioned", version="v1", rank=-1)
    assert put(objects, "a", "suspended", rank=-2) == ["unversioned"]
    versions = objects.versions("lake", b"", b"\xff", (b"", 0), 10)
    assert [entry.blob for entry in versions] == ["suspended", "versioned"]


def test_versions_list_by_key_and_the_newest_first_also_when_the_clock_goes_back(objects: Objects) -> None:
    for rank in (-5, -3):
        put(objects, "a", f"a{rank}", version=f"v{rank}", rank=rank)
    put(objects, "b", "b", version="w", rank=-1)
    listed = objects.versions("lake", b"", b"\xff", (b"", 0), 10)
    assert [entry.blob for entry in listed] == ["a-3", "a-5", "b"]
    behind_first = objects.versions("lake", b"a", b"\xff", (b"a", listed[0].rank), 10)
    assert [entry.blob for entry in behind_first] == ["a-5", "b"]


def test_folders_are_stepped_over_in_one_go(objects: Objects) -> None:
    for number in range(60):
        put(objects, f"a/{number:03}")
        put(objects, f"b/c/{number:03}")
    put(objects, "b/file")
    page = objects.page("lake", delimiter="/")
    assert (page.folders, page.objects) == (["a/", "b/"], [])
    page = objects.page("lake", prefix="b/", delimiter="/")
    assert (page.folders, [item.key for item in page.objects]) == (["b/c/"], ["b/file"])


def test_deleting_tells_whether_a_bucket_holds_anything(objects: Objects) -> None:
    put(objects, "a")
    assert objects.any("lake")
    assert not objects.any("lak")
    assert objects.buckets() == ["lake"]
    objects.database.write(lambda _: objects.remove(objects.find("lake", "a")))  # type: ignore[arg-type]
    assert not objects.any("lake")


KEYS = st.lists(st.text(st.sampled_from("ab/é\U0001f600"), min_size=1, max_size=5), max_size=25, unique=True)


@given(KEYS, st.text("ab/", max_size=2), st.sampled_from(["", "/", "b", "é"]), st.integers(1, 7))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pages_put_together_are_what_a_plain_search_finds(
    objects: Objects, stored: list[str], prefix: str, delimiter: str, limit: int
) -> None:
    objects.database.write(lambda tx: tx.execute("DELETE FROM objects"))
    for key in stored:
        put(objects, key)
    found: list[str] = []
    after, more = "", True
    while more:
        page = objects.page("lake", prefix=prefix, after=after, delimiter=delimiter, limit=limit)
        found += sorted([*page.folders, *(item.key for item in page.objects)], key=str.encode)
        after, more = page.last, page.more
    assert found == plain(stored, prefix, delimiter)


def plain(stored: list[str], prefix: str, delimiter: str) -> list[str]:
    """The same by the definition, looking at every key."""
    matching = [key for key in stored if key.startswith(prefix)]
    return sorted({folder_of(key, prefix, delimiter) or key for key in matching}, key=str.encode)


def test_behind_is_behind_every_key_with_the_prefix() -> None:
    assert "é\U0010ffff".encode() < behind("é".encode()) < "ê".encode()
