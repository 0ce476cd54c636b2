"""What becomes of crawls and runs when the server is killed under them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .lake import ROLE, Lake
from .test_jobs import Shell

# Waits for a file to appear, so that the test says when the script may end.
WAITS = """
import sys, time, pathlib
print("begun", flush=True)
while not pathlib.Path(sys.argv[2]).exists():
    time.sleep(0.01)
print("done", flush=True)
"""


@pytest.fixture
def lake(own_server: Any) -> Lake:
    glue = own_server.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    return Lake(own_server.client("s3"), glue, "d")


def test_a_script_outlives_a_killed_server_and_its_run_succeeds(
    own_server: Any, lake: Lake, tmp_path: Path
) -> None:
    shell = Shell(lake, own_server.client)
    gate = tmp_path / "gate"
    name = shell.job(WAITS, DefaultArguments={"--gate": str(gate)})
    run = shell.glue.start_job_run(JobName=name)["JobRunId"]
    shell.printed(run, "begun")
    own_server.kill()
    own_server.start()
    assert shell.glue.get_job_run(JobName=name, RunId=run)["JobRun"]["JobRunState"] == "RUNNING"
    gate.touch()
    assert shell.said(shell.reached(name, run, "SUCCEEDED")) == ["begun", "done"]


def test_a_script_that_ended_while_no_server_was_there_is_told_truthfully(
    own_server: Any, lake: Lake, tmp_path: Path
) -> None:
    shell = Shell(lake, own_server.client)
    gate, ended = tmp_path / "gate", tmp_path / "ended"
    script = f"{WAITS}\nimport os\nos.mkfifo(sys.argv[4] + '.fifo')\npathlib.Path(sys.argv[4]).touch()\n1/0\n"
    name = shell.job(script, DefaultArguments={"--gate": str(gate), "--ended": str(ended)})
    run = shell.glue.start_job_run(JobName=name)["JobRunId"]
    shell.printed(run, "begun")
    own_server.kill()
    gate.touch()
    while not ended.exists():
        pass
    own_server.start()
    found = shell.reached(name, run, "FAILED")
    assert found["ErrorMessage"] == "ZeroDivisionError: division by zero"
    assert shell.said(found) == ["begun", "done"]


def test_a_server_that_is_shut_down_starts_the_script_over(
    own_server: Any, lake: Lake, tmp_path: Path
) -> None:
    shell = Shell(lake, own_server.client)
    gate = tmp_path / "gate"
    name = shell.job(WAITS, DefaultArguments={"--gate": str(gate)})
    run = shell.glue.start_job_run(JobName=name)["JobRunId"]
    shell.printed(run, "begun")
    own_server.restart()
    gate.touch()
    assert shell.said(shell.reached(name, run, "SUCCEEDED")) == ["begun", "begun", "done"]


def test_a_crawl_goes_on_after_a_kill(own_server: Any, lake: Lake) -> None:
    lake.put({f"s/day={day}/x.csv": "id,n\n1,2\n3,4\n" for day in range(60)})
    name = lake.crawler("s/")
    lake.glue.start_crawler(Name=name)
    own_server.kill()
    own_server.start()
    assert lake.ready(name)["LastCrawl"]["Status"] == "SUCCEEDED"
    assert len(lake.partitions("s")) == 60
    assert [one["State"] for one in lake.glue.list_crawls(CrawlerName=name)["Crawls"]] == ["COMPLETED"]


def test_the_catalog_is_there_after_a_kill(own_server: Any, lake: Lake) -> None:
    lake.put({"s/x.csv": "id,n\n1,2\n3,4\n"})
    lake.crawl("s/")
    before = lake.tables()
    own_server.kill()
    own_server.start()
    assert lake.tables() == before
    assert ROLE in str(lake.glue.get_crawlers()["Crawlers"][0]["Role"])
