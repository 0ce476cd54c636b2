"""Records, credentials and the queue of work, alike on both databases."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cumulet.store.credentials import Credential, Credentials
from cumulet.store.queue import Queue
from cumulet.store.records import RecordExists, Records

KEY = Credential("AKIA1", "secret", "", "1", "arn:aws:iam::1:user/a", "AIDA1")
CALLER = {"account": "1"}


def test_a_record_is_put_got_replaced_and_deleted(database):
    records = Records(database)
    assert records.get("k", "s", "n") is None
    records.put("k", "s", "n", {"text": "ä\0\U0001f600", "n": [1, None, 0.1]})
    assert records.get("k", "s", "n") == {"text": "ä\0\U0001f600", "n": [1, None, 0.1]}
    records.put("k", "s", "n", {})
    assert records.get("k", "s", "n") == {}
    assert records.delete("k", "s", "n")
    assert not records.delete("k", "s", "n")


def test_a_record_is_created_once(database):
    records = Records(database)
    records.create("k", "s", "n", {"a": 1})
    with pytest.raises(RecordExists):
        records.create("k", "s", "n", {"a": 2})
    assert records.get("k", "s", "n") == {"a": 1}


def test_an_update_that_raises_leaves_the_record_as_it_was(database):
    records = Records(database)
    records.put("k", "s", "n", {"a": 1})

    def change(body):
        body["a"] = 2
        raise ValueError

    with pytest.raises(ValueError):
        records.update("k", "s", "n", change)
    assert records.get("k", "s", "n") == {"a": 1}
    assert records.update("k", "s", "n", lambda body: body.update(a=3)) == {"a": 3}
    assert records.update("k", "s", "none", lambda body: body) is None


def test_records_list_by_prefix_in_pages_and_by_scope(database):
    records = Records(database)
    for name in ("a", "b/1", "b/2", "b/\U0001f600", "c"):
        records.put("k", "s", name, {"name": name})
    records.put("k", "t", "a", {})
    assert [name for name, _ in records.list("k", "s", prefix="b/")] == ["b/1", "b/2", "b/\U0001f600"]
    assert [name for name, _ in records.list("k", "s", after="a", limit=2)] == ["b/1", "b/2"]
    assert records.scopes("k") == ["s", "t"]
    assert records.delete_under("k", "s", "b/") == 3
    assert [name for name, _ in records.list("k", "s")] == ["a", "c"]


def test_a_key_keeps_its_secret_when_it_is_put_again(database):
    keys = Credentials(database)
    keys.put(KEY)
    keys.put(replace(KEY, secret="other", active=False, expires=5.5))
    assert keys.find("AKIA1") == replace(KEY, active=False, expires=5.5)
    assert keys.find("AKIA2") is None
    assert keys.of_principal(KEY.arn) == [replace(KEY, active=False, expires=5.5)]


def test_expired_keys_are_forgotten_and_others_stay(database):
    keys = Credentials(database)
    keys.put(KEY)
    keys.put(replace(KEY, access_key="AKIA2", expires=5.0))
    keys.forget_expired(6.0)
    assert [key.access_key for key in keys.of_principal(KEY.arn)] == ["AKIA1"]
    keys.delete("AKIA1")
    assert keys.find("AKIA1") is None


def test_work_is_claimed_once_in_the_order_it_is_due(database):
    queue = Queue(database)
    late, early = queue.add("k", CALLER, {"n": 2}, 20.0).id, queue.add("k", CALLER, {"n": 1}, 10.0).id
    assert queue.next_due() == 10.0
    assert queue.claim(5.0) == []
    (first,) = queue.claim(10.0)
    assert (first.id, first.caller, first.payload, first.attempt) == (early, CALLER, {"n": 1}, 1)
    assert [entry.id for entry in queue.claim(30.0)] == [late]
    assert queue.claim(30.0) == []
    assert queue.next_due() is None


def test_work_that_its_adder_begins_is_not_claimed_but_due_again_once_it_has_lost_its_server(database):
    queue = Queue(database)
    entry = queue.add("k", CALLER, {"n": (1,)}, 10.0, running=True)
    assert (entry.attempt, entry.payload) == (1, {"n": [1]})
    assert queue.claim(10.0) == []
    queue.requeue()
    (again,) = queue.claim(10.0)
    assert (again.id, again.attempt) == (entry.id, 2)


def test_work_that_lost_its_server_is_due_again_with_what_it_saved_and_its_stop(database):
    queue = Queue(database)
    entry = queue.add("k", CALLER, {"n": 1}, 10.0).id
    queue.claim(10.0)
    queue.save(entry, {"n": 1, "step": 2})
    queue.stop(entry)
    assert queue.stopping(entry)
    queue.requeue()
    (again,) = queue.claim(10.0)
    assert (again.attempt, again.payload, again.stop) == (2, {"n": 1, "step": 2}, True)
    queue.finish(entry)
    queue.requeue()
    assert queue.claim(10.0) == []
    queue.forget_finished(11.0)
    assert not queue.stopping(entry)
