"""Lines and events: appended, never changed, read in the order of their times on both databases."""

from __future__ import annotations

import queue
from concurrent.futures import ThreadPoolExecutor

import pytest

from cumulet.store.database import Database
from cumulet.store.events import OFTEN, Events
from cumulet.store.lines import Lines, Place


@pytest.fixture
def lines(database: Database) -> Lines:
    made = Lines(database)
    made.create("j", "s", 1)
    return made


def texts(found) -> list[str]:
    return [line.text for line in found]


def test_a_stream_is_made_once(lines):
    assert not lines.create("j", "s", 5)
    assert lines.create("j", "other", 5)
    assert lines.create("k", "s", 5)
    assert lines.stream("j", "s").created == 1
    assert lines.stream("j", "none") is None


def test_lines_come_in_the_order_of_their_times_and_of_their_arrival(lines):
    lines.append("j", "s", [(5, "c"), (5, "d")], 9)
    lines.append("j", "s", [(3, "a"), (5, "e")], 9)
    lines.append("j", "s", [(4, "b")], 9)
    assert texts(lines.read("j", ["s"])) == ["a", "b", "c", "d", "e"]
    assert texts(lines.read("j", ["s"], backwards=True, limit=2)) == ["d", "e"]


def test_a_range_has_its_beginning_and_not_its_end(lines):
    lines.append("j", "s", [(time, str(time)) for time in range(10)], 9)
    assert texts(lines.read("j", ["s"], since=3, until=6)) == ["3", "4", "5"]


def test_paging_by_place_meets_every_line_once_in_both_directions(lines):
    lines.append("j", "s", [(number // 7, str(number)) for number in range(50)], 9)
    forwards, place = [], None
    while page := lines.read("j", ["s"], after=place, limit=8):
        forwards += texts(page)
        place = page[-1].place
    backwards, place = [], None
    while page := lines.read("j", ["s"], before=place, limit=8, backwards=True):
        backwards = texts(page) + backwards
        place = page[0].place
    assert forwards == backwards == [str(number) for number in range(50)]
    assert isinstance(place, Place)


def test_a_journal_is_read_over_all_or_some_of_its_streams(lines):
    for stream in ("a", "b", "c"):
        lines.create("j", stream, 1)
    for time in range(9):
        lines.append("j", "abc"[time % 3], [(time, "abc"[time % 3])], 9)
    assert texts(lines.read("j")) == list("abc" * 3)
    assert texts(lines.read("j", ["a", "c"])) == list("ac" * 3)
    assert lines.read("j", []) == []
    assert lines.read("other") == []


def test_a_stream_knows_its_span_and_its_size(lines):
    assert (lines.stream("j", "s").first, lines.stream("j", "s").last) == (None, None)
    lines.append("j", "s", [(5, "five"), (7, "seven")], 9)
    lines.append("j", "s", [(3, "three")], 10)
    stream = lines.stream("j", "s")
    assert (stream.first, stream.last, stream.ingested, stream.size) == (3, 7, 10, 14)
    assert lines.size("j") == 14
    assert lines.size("other") == 0


def test_streams_are_listed_by_name_and_by_their_latest_line(lines):
    for stream, time in (("a", 30), ("b", 10), ("c", 20)):
        lines.create("j", stream, 1)
        lines.append("j", stream, [(time, "x")], 9)
    lines.delete("j", "s")
    assert [s.name for s in lines.streams("j")] == ["a", "b", "c"]
    assert [s.name for s in lines.streams("j", prefix="b")] == ["b"]
    assert [s.name for s in lines.streams("j", after="a", limit=1)] == ["b"]
    assert [s.name for s in lines.streams_by_last("j", newest_first=False, skip=0, limit=9)] == [
        "b",
        "c",
        "a",
    ]
    assert [s.name for s in lines.streams_by_last("j", newest_first=True, skip=1, limit=1)] == ["c"]


def test_a_position_is_remembered_with_its_lines_or_not_at_all(lines):
    lines.append("j", "s", [(1, "a")], 9, position=2)
    assert lines.stream("j", "s").position == 2

    def fail() -> None:
        lines.append("j", "s", [(1, "b")], 9, position=4)
        raise ValueError

    with pytest.raises(ValueError):
        lines.database.write(lambda _: fail())
    assert lines.stream("j", "s").position == 2
    assert texts(lines.read("j")) == ["a"]


def test_any_text_is_kept_with_a_sign_where_a_nul_was(lines):
    lines.append("j", "s", [(1, "100% 'x' ? \\ \U0001f600"), (2, "a\0b"), (3, "")], 9)
    assert texts(lines.read("j")) == ["100% 'x' ? \\ \U0001f600", "a\ufffdb", ""]


def test_many_more_lines_than_one_statement_takes(lines):
    lines.append("j", "s", [(number, str(number)) for number in range(2500)], 9)
    assert texts(lines.read("j")) == [str(number) for number in range(2500)]


def test_many_writers_lose_nothing_and_keep_each_their_order(lines):
    def write(writer: int) -> None:
        lines.create("j", str(writer), 1)
        for number in range(20):
            lines.append("j", str(writer), [(7, f"{number} {part}") for part in range(5)], 9)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(6)))
    expected = [f"{number} {part}" for number in range(20) for part in range(5)]
    assert [texts(lines.read("j", [str(writer)])) for writer in range(6)] == [expected] * 6
    assert len(lines.read("j")) == 600


def test_what_is_deleted_is_gone_and_nothing_else(lines):
    lines.create("j", "t", 1)
    lines.append("j", "s", [(1, "s")], 9)
    lines.append("j", "t", [(1, "t")], 9)
    lines.delete("j", "s")
    assert texts(lines.read("j")) == ["t"]
    assert lines.stream("j", "s") is None
    lines.delete("j")
    assert lines.streams("j") == []


def test_old_lines_are_forgotten_and_the_streams_measures_follow(lines):
    lines.append("j", "s", [(1, "old"), (5, "newer")], 9)
    assert lines.forget("j", 5) == 1
    assert texts(lines.read("j")) == ["newer"]
    assert (lines.stream("j", "s").first, lines.stream("j", "s").size) == (5, 5)


def test_events_are_read_behind_an_id_and_by_scope(database):
    events = Events(database)
    for number in range(5):
        events.append("probe", "a" if number % 2 else "b", {"n": number}, 1.5)
    found = events.since("b")
    assert [event.body["n"] for event in found] == [0, 2, 4]
    assert [event.body["n"] for event in events.since("b", after=found[0].id, limit=1)] == [2]


def test_old_events_are_forgotten_when_many_have_come(database):
    events = Events(database, kept=0)

    def append(count: int) -> None:
        for _ in range(count):
            events.append("probe", "a", {}, 1.5)

    database.write(lambda _: append(OFTEN - 1))
    assert len(events.since("a")) == OFTEN - 1
    append(1)
    assert len(events.since("a")) == 1


def test_those_who_watch_hear_of_what_is_durable_only(database):
    events = Events(database)
    with events.watch() as heard:
        events.append("probe", "a", {"n": 1}, 1.5)

        def fail() -> None:
            events.append("probe", "a", {"n": 2}, 1.5)
            raise ValueError

        with pytest.raises(ValueError):
            database.write(lambda _: fail())
        events.append("probe", "a", {"n": 3}, 1.5)
        assert [heard.get(timeout=5).body["n"] for _ in range(2)] == [1, 3]
        with pytest.raises(queue.Empty):
            heard.get_nowait()
    events.append("probe", "a", {"n": 4}, 1.5)
    assert heard.empty()
