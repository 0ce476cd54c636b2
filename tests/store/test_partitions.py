"""Partitions: rows that share a form, found by columns of values."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.store.database import Database
from cumulet.store.partitions import MANY, Index, Partition, Partitions, name_of, values_of


@pytest.fixture
def partitions(database: Database) -> Partitions:
    return Partitions(database)


def partition(*values: str, **body: Any) -> Partition:
    return Partition(values, f"s3://lake/{'/'.join(values)}/", {"Columns": ["id"]}, body)


def found(partitions: Partitions, owner: str, year: str) -> list[tuple[str, ...]]:
    return [one.values for one in partitions.search(owner, lambda index: index.matching(0, year.__eq__))]


def test_a_partition_comes_back_whole(partitions: Partitions) -> None:
    row = partition("2024", "eu", Parameters={"a": "b"})
    assert partitions.create("t", [row]) == []
    assert partitions.get("t", [("2024", "eu"), ("2024", "us")]) == [row]


def test_one_that_is_there_stays_as_it_was(partitions: Partitions) -> None:
    partitions.create("t", [partition("1", v=1)])
    assert partitions.create("t", [partition("1", v=2), partition("2")]) == [("1",)]
    assert [one.body for one in partitions.get("t", [("1",)])] == [{"v": 1}]
    assert partitions.create("t", [partition("3", v=1), partition("3", v=2)]) == [("3",)]
    assert [one.body for one in partitions.get("t", [("3",)])] == [{"v": 1}]


def test_a_search_follows_every_change(partitions: Partitions) -> None:
    partitions.create("t", [partition("2023", "a"), partition("2024", "b")])
    partitions.create("other", [partition("2024", "x")])
    assert found(partitions, "t", "2024") == [("2024", "b")]
    partitions.create("t", [partition("2024", "a")])
    assert found(partitions, "t", "2024") == [("2024", "a"), ("2024", "b")]
    partitions.replace("t", ("2024", "a"), partition("2025", "a"))
    assert found(partitions, "t", "2025") == [("2025", "a")]
    assert partitions.delete("t", [("2024", "b"), ("9", "9")]) == [("9", "9")]
    assert found(partitions, "t", "2024") == []
    partitions.delete_all("t")
    assert found(partitions, "t", "2023") == []
    assert found(partitions, "other", "2024") == [("2024", "x")]


def test_a_change_that_is_undone_was_never_seen(partitions: Partitions) -> None:
    partitions.create("t", [partition("1", "a")])

    def change(_: Any) -> None:
        partitions.create("t", [partition("1", "b")])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        partitions.database.write(change)
    assert found(partitions, "t", "1") == [("1", "a")]


def test_another_process_sees_what_this_one_changed(partitions: Partitions, database: Database) -> None:
    beside = Partitions(database)
    partitions.create("t", [partition("1", "a")])
    assert found(beside, "t", "1") == [("1", "a")]
    partitions.create("t", [partition("1", "b")])
    assert found(beside, "t", "1") == [("1", "a"), ("1", "b")]


def test_an_index_that_grew_finds_what_one_read_anew_does(partitions: Partitions, database: Database) -> None:
    for year in ("2023", "2024"):
        for place in ("b", "a"):
            partitions.create("t", [partition(year, place), partition(year, f"{place}{place}")])
            assert found(partitions, "t", year) == found(Partitions(database), "t", year)
    assert found(partitions, "t", "2023") == [("2023", one) for one in ("a", "aa", "b", "bb")]


def test_pages_follow_one_another_by_name(partitions: Partitions) -> None:
    partitions.create("t", [partition(f"{number:04}") for number in range(1200)])
    first = partitions.after("t", "", 1000)
    rest = partitions.after("t", name_of(first[-1].values), 1000)
    assert [one.values for one in [*first, *rest]] == [(f"{number:04}",) for number in range(1200)]
    assert len(partitions.search("t", lambda index: index.matching(0, lambda _: True))) == 1200


@pytest.mark.parametrize(
    "values", [("",), ("a", ""), ("", "", ""), ("\x1f", "\x1b"), ("\x1b_", "\x1b["), ("ü\n",)]
)
def test_values_are_told_apart_whatever_they_hold(values: tuple[str, ...]) -> None:
    assert values_of(name_of(values)) == values


def test_an_index_of_nothing_matches_nothing() -> None:
    index = Index(1, [])
    assert list(index.chosen(index.matching(0, lambda _: True))) == []


@pytest.mark.parametrize("count", [100, MANY + 5])
def test_few_partitions_and_many_are_searched_alike(count: int) -> None:
    names = [name_of((str(number % 7), str(number))) for number in range(count)]
    index = Index(1, names)
    found = index.holding(0, ["3", "nobody"]) & index.matching(1, lambda value: value.endswith("0"))
    wanted = [name for number, name in enumerate(names) if number % 7 == 3 and number % 10 == 0]
    assert list(index.chosen(found)) == wanted
    assert list(index.chosen(index.matching(0, lambda value: value != "3"))) == [
        name for number, name in enumerate(names) if number % 7 != 3
    ]
    assert list(index.chosen(index.holding(0, ["nobody"]))) == []
