"""A server that is told to stop while all kinds of work are under way: it leaves no process, its data can be
moved, and the next server takes the work up."""

from __future__ import annotations

import signal
from typing import Any

import pytest
from works import (
    Works,
    crawl_is_true,
    endpoint_is_true,
    nothing_is_left,
    nothing_runs,
    queries_are_true,
    shell_is_true,
    training_is_true,
)

NUMBERS = "UNNEST(sequence(1, 10000))"
ENDLESS = f"SELECT max(x * y - z) FROM {NUMBERS} AS a(x), {NUMBERS} AS b(y), {NUMBERS} AS c(z)"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("line 0", flush=True)
time.sleep(600)
"""


@pytest.mark.journey
@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "cumulet down"])
def test_a_stop_leaves_nothing_running_and_the_next_server_goes_on_elsewhere(
    own_server: Any, how: str
) -> None:
    works = Works(own_server.client)
    works.prepare()
    works.start()
    works.ask(0)
    works.wait(works.has_begun, *works.jobs)
    works.wait(works.shell_has_begun, *works.runs)
    tell_to_stop(own_server, how)
    assert own_server.child.process.wait(30) == 0
    nothing_runs(own_server.data_dir)
    own_server.data_dir = own_server.data_dir.rename(own_server.data_dir.with_name("moved"))
    own_server.start()
    training_is_true(works)
    shell_is_true(works)
    crawl_is_true(works)
    queries_are_true(works)
    endpoint_is_true(works)
    works.sagemaker.delete_endpoint(EndpointName="e")
    assert own_server.child.stop() == 0
    nothing_is_left(own_server.data_dir)


def tell_to_stop(server: Any, how: str) -> None:
    if how == "cumulet down":
        server.cumulet("down")
    else:
        server.child.process.send_signal(signal.Signals[how])


@pytest.mark.journey
def test_a_script_and_a_query_that_do_not_want_to_end_are_ended_too(own_server: Any) -> None:
    works = Works(own_server.client)
    works.prepare()
    job = works.studio.start(works.studio.request({"train.py": STUBBORN}))
    works.jobs = [job]
    works.wait(works.has_begun, job)
    works.query(ENDLESS)
    query = list(works.queries)[-1]
    works.wait(works.query_runs, query)
    assert works.query_ended(query) is None
    assert own_server.child.stop() == 0
    nothing_runs(own_server.data_dir)
    own_server.start()
    assert works.job_ended(job) is None
    assert works.query_ended(query) is None
    works.athena.stop_query_execution(QueryExecutionId=query)
    assert works.wait(works.query_ended, query)[0]["State"] == "CANCELLED"
