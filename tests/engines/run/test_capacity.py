"""Room on a machine is given in the order of asking, and who waits is woken when it may be its turn."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from cumulet.engines.run.capacity import Capacity, Size

MACHINE, ONE = Size(processors=2), Size(processors=1)


def claim(capacity: Capacity, name: str, wanted: Size = ONE) -> str:
    return capacity.claim(name, f"job {name}", wanted, MACHINE)


def test_who_asks_for_more_than_is_left_waits_and_is_told_why():
    capacity = Capacity()
    assert [claim(capacity, name) for name in "ab"] == ["", ""]
    assert claim(capacity, "c").endswith("2 processors are taken by job a, job b")
    assert claim(capacity, "d").endswith("job a, job b; 1 before it")
    capacity.release("a")
    assert claim(capacity, "d").endswith("1 before it")  # there is room, but c was first
    assert claim(capacity, "c") == ""


def test_a_claim_larger_than_the_machine_runs_alone():
    capacity = Capacity()
    assert claim(capacity, "large", Size(processors=64)) == ""
    assert claim(capacity, "small")


def test_it_is_the_turn_of_the_first_when_something_has_moved_since_it_was_refused():
    capacity = Capacity()
    for name in "abcd":
        claim(capacity, name)
    assert not capacity.turn("c", 0)  # nothing has moved
    capacity.release("a")
    assert capacity.turn("c", 0)
    assert not capacity.turn("d", 0)  # c is before it
    capacity.release("b")
    assert claim(capacity, "c") == ""
    assert capacity.turn("d", 0)  # what c has taken leaves room


def test_who_waits_is_woken_by_a_release():
    capacity = Capacity()
    for name in "abc":
        claim(capacity, name)
    with ThreadPoolExecutor(1) as pool:
        woken = pool.submit(capacity.turn, "c", 60)
        capacity.release("b")
        assert woken.result()


def test_who_gives_up_leaves_the_queue():
    capacity = Capacity()
    for name in "abcd":
        claim(capacity, name)
    capacity.release("c")
    assert capacity.turn("d", 0)
    capacity.release("a")
    assert claim(capacity, "d") == ""
