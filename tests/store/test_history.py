from __future__ import annotations

from cumulet.store.database import Database
from cumulet.store.history import START, History
from cumulet.store.objects import Entry, Objects


def made(database: Database, *told: tuple[str, str, bool]) -> History:
    """Versions (key, name, whether it is a delete marker), each of a key newer than the one before."""
    objects = Objects(database)
    for number, (key, version, marker) in enumerate(told):
        objects.put(Entry("lake", key, version=version, marker=marker, rank=-number, modified=float(number)))
    return History(database)


def test_versions_come_by_key_the_newest_first(database: Database) -> None:
    history = made(database, ("b", "b1", False), ("a", "a1", False), ("a", "a2", False), ("a", "a3", True))
    found = history.page("lake", "", START)
    assert [(each.version, each.listed, each.marker) for each in found] == [
        ("a3", False, True),
        ("a2", False, False),
        ("a1", False, False),
        ("b1", True, False),
    ]


def test_pages_end_anywhere(database: Database) -> None:
    told = [(key, f"{key}{number}", number == 2) for key in ("a", "b", "é/c") for number in range(3)]
    history = made(database, *told)
    whole = [each.version for each in history.page("lake", "", START)]
    for size in (1, 2, 4):
        seen: list[str] = []
        after = START
        while page := history.page("lake", "", after, size):
            seen += [each.version for each in page]
            after = (page[-1].key.encode(), page[-1].rank)
        assert seen == whole


def test_a_prefix_and_a_key_mean_their_own_only(database: Database) -> None:
    history = made(database, ("a", "1", False), ("a/b", "2", False), ("ab", "3", False), ("b", "4", False))
    assert [each.key for page in history.pages("lake", "a/") for each in page] == ["a/b"]
    assert [each.key for each in history.of_key("lake", "a")] == ["a"]
    assert [each.key for page in history.pages("pond", "") for each in page] == []
