"""A server that dies at moments of chance, or with its whole machine, while all kinds of work are under way.

Whatever was promised comes to an end, the end is the truth, and nothing is left behind: no process, no
file, no mount.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from works import (
    Works,
    crawl_is_true,
    endpoint_is_true,
    nothing_is_left,
    processes_of,
    queries_are_true,
    shell_is_true,
    training_is_true,
)

from cumulet.engines.serve.places import socket_path

KILLS = 6
MOUNTS = Path("/proc/mounts")


@pytest.mark.journey
def test_whatever_was_promised_ends_in_truth_however_often_the_server_is_killed(own_server: Any) -> None:
    mounts = MOUNTS.read_text() if MOUNTS.exists() else ""
    works, chance = Works(own_server.client), random.Random(11)
    works.prepare()
    works.start()
    for number in range(KILLS):
        works.ask(number)
        threading.Event().wait(chance.uniform(0.05, 1.5))
        own_server.kill()
        own_server.start()
    training_is_true(works)
    shell_is_true(works)
    crawl_is_true(works)
    queries_are_true(works)
    endpoint_is_true(works)
    sockets = [socket_path(path) for path in own_server.data_dir.glob("sagemaker/endpoints/*/*")]
    works.sagemaker.delete_endpoint(EndpointName="e")
    assert own_server.child.stop() == 0
    assert [path for path in sockets if path.exists()] == []
    nothing_is_left(own_server.data_dir)
    assert mounts == (MOUNTS.read_text() if mounts else "")


@pytest.mark.journey
def test_work_whose_machine_went_down_starts_over_or_says_so(own_server: Any) -> None:
    works = Works(own_server.client)
    works.prepare()
    works.start()
    works.wait(works.has_begun, *works.jobs)
    works.wait(works.shell_has_begun, *works.runs)
    works.wait(works.in_service, "e")
    own_server.kill()
    for process in processes_of(own_server.data_dir):
        os.kill(process, signal.SIGKILL)
    own_server.start()
    training_is_true(works)
    for run in works.wait(works.run_ended, *works.runs):
        assert (run["JobRunState"], run["ErrorMessage"]) == (
            "FAILED",
            "The machine went down while the job ran.",
        )
    endpoint_is_true(works)
    works.sagemaker.delete_endpoint(EndpointName="e")
    assert own_server.child.stop() == 0
    nothing_is_left(own_server.data_dir)
