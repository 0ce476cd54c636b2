"""Python-shell jobs: real scripts, run to their real ends."""

from __future__ import annotations

import contextlib
import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import Refusal
from .lake import PATIENCE, ROLE, Lake

ENDED = ("SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT")
WAITS = "import time\nprint('here', flush=True)\ntime.sleep(300)\n"


class Shell:
    """Scripts on S3 and jobs that run them."""

    def __init__(self, lake: Lake, client: Callable[..., Any]) -> None:
        self.lake = lake
        self.glue = lake.glue
        self.logs = client("logs")

    def job(self, script: str, **said: Any) -> str:
        name = f"job-{self.lake.bucket}"
        self.lake.put({"script.py": script})
        where = f"s3://{self.lake.bucket}/script.py"
        command = {"Name": "pythonshell", "ScriptLocation": where, "PythonVersion": "3.9"}
        self.glue.create_job(Name=name, Role=ROLE, Command=command, **said)
        return name

    def run(self, script: str, arguments: dict[str, str] | None = None, **said: Any) -> dict[str, Any]:
        """A run of a new job, once it has ended."""
        name = self.job(script, **said)
        id = self.glue.start_job_run(JobName=name, Arguments=arguments or {})["JobRunId"]
        return self.reached(name, id, *ENDED)

    def reached(self, job: str, run: str, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found: dict[str, Any] = self.glue.get_job_run(JobName=job, RunId=run)["JobRun"]
            if found["JobRunState"] in states:
                return found
            assert found["JobRunState"] not in ENDED, found
            time.sleep(0.02)
        raise AssertionError(f"{run} reached none of {states}")

    def said(self, run: dict[str, Any], stream: str = "output") -> list[str]:
        events = self.logs.get_log_events(
            logGroupName=f"{run['LogGroupName']}/{stream}", logStreamName=run["Id"], startFromHead=True
        )["events"]
        return [event["message"] for event in events]

    def printed(self, run: str, line: str) -> None:
        """Wait until a run has printed a line."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(self.logs.exceptions.ResourceNotFoundException):
                if line in self.said({"LogGroupName": "/aws-glue/python-jobs", "Id": run}):
                    return
            time.sleep(0.02)
        raise AssertionError(f"{run} never printed {line}")


@pytest.fixture
def shell(lake: Lake, client: Callable[..., Any]) -> Shell:
    return Shell(lake, client)


def test_a_script_gets_its_arguments_and_its_output_is_logged(shell: Shell) -> None:
    script = (
        "import sys\nfrom awsglue.utils import getResolvedOptions\n"
        "args = getResolvedOptions(sys.argv, ['day', 'who'])\n"
        "print(args['day'], args['who'])\nprint('oh', file=sys.stderr)\n"
    )
    defaults = {"--day": "monday", "--who": "Ann", "library-set": "analytics"}
    run = shell.run(script, {"--who": "Bob B."}, DefaultArguments=defaults)
    assert run["JobRunState"] == "SUCCEEDED"
    assert run["Arguments"] == {"--who": "Bob B."}
    assert run["CompletedOn"] >= run["StartedOn"]
    assert shell.said(run) == ["monday Bob B."]
    assert shell.said(run, "error") == ["oh"]


def test_arguments_that_cannot_be_overridden_are_not(shell: Shell) -> None:
    run = shell.run("import sys\nprint(sys.argv[1:])", {"--a": "2"}, NonOverridableArguments={"--a": "1"})
    assert shell.said(run) == ["['--a', '1']"]


def test_a_script_works_as_the_jobs_role(shell: Shell) -> None:
    script = "import boto3\nprint(boto3.client('sts').get_caller_identity()['Arn'])"
    run = shell.run(script)
    assert shell.said(run)[0].endswith(f":assumed-role/{ROLE}/GlueJobRunnerSession")


def test_an_exception_is_the_runs_error_message(shell: Shell) -> None:
    run = shell.run("def f():\n    raise KeyError('missing')\nf()\n")
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "KeyError: 'missing'"
    assert "Traceback (most recent call last):" in shell.said(run, "error")


def test_an_exit_code_is_told(shell: Shell) -> None:
    assert shell.run("raise SystemExit(3)")["ErrorMessage"] == "Command failed with exit code 3"


def test_a_missing_script_fails_the_run_by_name(shell: Shell) -> None:
    name = shell.job("")
    shell.lake.delete("script.py")
    run = shell.reached(name, shell.glue.start_job_run(JobName=name)["JobRunId"], "FAILED")
    assert "script.py does not exist" in run["ErrorMessage"]


def test_a_job_is_tried_again_as_often_as_it_says(shell: Shell) -> None:
    name = shell.job("1/0", MaxRetries=2)
    first = shell.glue.start_job_run(JobName=name)["JobRunId"]
    last = f"{first}_attempt_2"
    for run in (first, f"{first}_attempt_1", last):
        shell.reached(name, run, "FAILED")
    runs = shell.glue.get_job_runs(JobName=name)["JobRuns"]
    assert (runs[0]["Id"], runs[0]["Attempt"]) == (last, 2)
    assert runs[0]["PreviousRunId"] == f"{first}_attempt_1"
    assert len(runs) == 3


def test_a_run_is_stopped_on_request(shell: Shell) -> None:
    name = shell.job(WAITS)
    run = shell.glue.start_job_run(JobName=name)["JobRunId"]
    shell.printed(run, "here")
    answer = shell.glue.batch_stop_job_run(JobName=name, JobRunIds=[run, "jr_unknown"])
    assert answer["SuccessfulSubmissions"] == [{"JobName": name, "JobRunId": run}]
    assert [one["ErrorDetail"]["ErrorCode"] for one in answer["Errors"]] == ["EntityNotFoundException"]
    assert shell.reached(name, run, "STOPPED")


def test_only_so_many_runs_go_on_at_once(shell: Shell, refused: Refusal) -> None:
    name = shell.job(WAITS)
    run = shell.glue.start_job_run(JobName=name)["JobRunId"]
    refused("ConcurrentRunsExceededException", shell.glue.start_job_run, JobName=name)
    shell.glue.batch_stop_job_run(JobName=name, JobRunIds=[run])
    shell.reached(name, run, "STOPPED")
    assert shell.glue.start_job_run(JobName=name)["JobRunId"] != run
    shell.glue.delete_job(JobName=name)


def test_extra_files_are_on_the_scripts_path(shell: Shell) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("packed/__init__.py", "x = 'packed'")
    shell.lake.put({"lib/helper.py": "x = 'plain'", "lib/p.zip": packed.getvalue()})
    files = ",".join(f"s3://{shell.lake.bucket}/lib/{name}" for name in ("helper.py", "p.zip"))
    run = shell.run(
        "import helper, packed\nprint(helper.x, packed.x)", DefaultArguments={"--extra-py-files": files}
    )
    assert shell.said(run) == ["plain packed"]


def test_a_wheel_is_installed_for_the_job_alone(shell: Shell) -> None:
    shell.lake.put({"lib/tiny_thing-1.0-py3-none-any.whl": wheel("tiny_thing", "x = 'from a wheel'")})
    uri = f"s3://{shell.lake.bucket}/lib/tiny_thing-1.0-py3-none-any.whl"
    run = shell.run(
        "import tiny_thing\nprint(tiny_thing.x)", DefaultArguments={"--additional-python-modules": uri}
    )
    assert (run.get("ErrorMessage"), shell.said(run)) == (None, ["from a wheel"])


def wheel(name: str, source: str) -> bytes:
    packed = io.BytesIO()
    about = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(f"{name}.py", source)
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return packed.getvalue()


def test_a_job_is_changed_listed_tagged_and_deleted(shell: Shell, refused: Refusal) -> None:
    glue, name = shell.glue, shell.job("", Tags={"team": shell.lake.bucket}, Timeout=5)
    found = glue.get_job(JobName=name)["Job"]
    assert (found["Timeout"], found["MaxRetries"], found["ExecutionProperty"]) == (
        5,
        0,
        {"MaxConcurrentRuns": 1},
    )
    update = {"Role": found["Role"], "Command": found["Command"], "Description": "cleans"}
    glue.update_job(JobName=name, JobUpdate=update)
    found = glue.get_job(JobName=name)["Job"]
    assert (found["Description"], found["Timeout"]) == ("cleans", 2880)
    assert glue.list_jobs(Tags={"team": shell.lake.bucket})["JobNames"] == [name]
    answer = glue.batch_get_jobs(JobNames=[name, "unknown"])
    assert ([one["Name"] for one in answer["Jobs"]], answer["JobsNotFound"]) == ([name], ["unknown"])
    glue.delete_job(JobName=name)
    refused("EntityNotFoundException", glue.get_job, JobName=name)
    assert glue.delete_job(JobName=name)["JobName"] == name


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("NotImplemented", {"Command": {"Name": "glueetl", "ScriptLocation": "s3://b/s.py"}}),
        ("InvalidInputException", {"Command": {"Name": "shell", "ScriptLocation": "s3://b/s.py"}}),
        ("InvalidInputException", {"Command": {"Name": "pythonshell"}}),
        ("InvalidInputException", {"Role": "nobody"}),
        ("InvalidInputException", {"MaxCapacity": 5.0}),
        ("NotImplemented", {"WorkerType": "G.1X"}),
        ("NotImplemented", {"DefaultArguments": {"--python-modules-installer-option": "-v"}}),
    ],
)
def test_what_a_job_cannot_do_is_said_when_it_is_made(
    glue: Any, refused: Refusal, code: str, said: dict[str, Any]
) -> None:
    members = {"Role": ROLE, "Command": {"Name": "pythonshell", "ScriptLocation": "s3://b/s.py"}, **said}
    refused(code, glue.create_job, Name="never", **members)
