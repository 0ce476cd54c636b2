"""What a job run does between its promise and its end: a job of the house's supervisor.

The script runs in a process that outlives a killed server and is taken over by the next. A server that is
shut down in order stops the script, and the next one starts it over. A run that went down with the machine
has failed, and is tried again as far as MaxRetries allows.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.engines.run.environments import CannotBuild
from cumulet.jobs import Job, Suspended
from cumulet.services.glue.catalog import key
from cumulet.services.glue.refusals import missing
from cumulet.services.glue.script import Script, failure
from cumulet.wire.errors import AwsError

RUN = "glue.job_run"
ACTIVE = ("STARTING", "RUNNING", "STOPPING", "WAITING")
GROUP = "/aws-glue/python-jobs"
LOOK = 0.2  # seconds between two looks at the output
PATIENCE = 10.0  # seconds that a shutdown waits for the script
GRACE = 30.0  # seconds between SIGTERM and SIGKILL


class Running(Script):
    """The work behind StartJobRun."""

    def run_job(self, job: Job) -> None:
        body = self._found_run(job)
        if body and body["JobRunState"] in ACTIVE:
            self._work(job, body)
        self._clear(job)

    def run_job_failed(self, job: Job, reason: str) -> None:
        self._end_run(job, "FAILED", f"Internal service error: {reason}")
        self._clear(job)

    def _work(self, job: Job, body: dict[str, Any]) -> None:
        folder = self._run_folder(job)
        try:
            run = self._taken_over(job, folder) or self._set_going(job, body, folder)
            outcome = self._watched(job, body, run) if run else None
        except AwsError as error:
            self._end_run(job, "FAILED", error.message)
        except (engine.CannotStart, CannotBuild) as error:
            self._end_run(job, "FAILED", str(error))
        else:
            self._conclude(job, outcome, run)

    def _run_folder(self, job: Job) -> Path:
        return self.store.directory / "glue/runs" / job.id

    def _clear(self, job: Job) -> None:
        """Whatever became of the run, now or in an earlier server: no process and no file of it stays."""
        engine.end(self._run_folder(job) / "process")
        shutil.rmtree(self._run_folder(job), ignore_errors=True)

    def _found_run(self, job: Job) -> dict[str, Any] | None:
        name = key(job.payload["job"], job.payload["run"])
        return self.store.records.get(RUN, self.caller.scope, name)

    def _run(self, job: str, run: str) -> dict[str, Any]:
        body = self.store.records.get(RUN, self.caller.scope, key(job, run))
        if body is None:
            raise missing("Job run", f"{run} of job {job}")
        return body

    def _add_run(self, job: dict[str, Any], id: str, arguments: dict[str, str], **said: Any) -> str:
        """Promise a run, and remember it: as the job is defined now, whatever becomes of the job."""
        now = self.house.clock()
        body = {
            "Id": id,
            "Attempt": 0,
            "JobName": job["Name"],
            "StartedOn": now,
            "LastModifiedOn": now,
            "JobRunState": "STARTING",
            "Arguments": arguments,
            "AllocatedCapacity": job["AllocatedCapacity"],
            "ExecutionTime": 0,
            "Timeout": job["Timeout"],
            "MaxCapacity": job["MaxCapacity"],
            **({"GlueVersion": job["GlueVersion"]} if "GlueVersion" in job else {}),
            **{member: value for member, value in said.items() if value is not None},
            "Command": job["Command"],
            "Role": job["Role"],
        }
        body["Entry"] = self.house.jobs.add("glue.run_job", self.caller, job=job["Name"], run=id)
        self.store.records.put(RUN, self.caller.scope, key(job["Name"], id), body)
        return id

    def _set_going(self, job: Job, body: dict[str, Any], folder: Path) -> engine.LocalRun | None:
        """The script under way; None where somebody stopped the run before that."""
        if job.stopping:
            return None
        for stream in feeds(body["Id"], folder / "process"):
            self.other("logs").rotate(*stream)
        shutil.rmtree(folder, ignore_errors=True)
        definition = self.store.records.get("glue.job", self.caller.scope, body["JobName"]) or {}
        task = self._task(body, definition, folder, GRACE)
        job.save(again=False)
        run = engine.start(task)
        self._update_run(job, lambda body: body.update(JobRunState="RUNNING"), only=("STARTING",))
        return run

    def _taken_over(self, job: Job, folder: Path) -> engine.LocalRun | None:
        """The script that an earlier server left running, or that ended since then.

        None where it has to start over: it was stopped for a shutdown.
        """
        if job.attempt == 1 or (run := engine.adopt(folder / "process")) is None:
            return None
        if job.payload.get("again"):
            engine.end(folder / "process")
            return None
        return run

    def _watched(self, job: Job, body: dict[str, Any], run: engine.LocalRun) -> engine.Outcome:
        """Wait for the end, and pass on what the script says."""
        logs, streams = self.other("logs"), feeds(body["Id"], run.folder)
        outcome = None
        while outcome is None:
            if job.leaving:
                job.save(again=True)
                run.end(PATIENCE)
                raise Suspended
            if job.stopping:
                run.stop()
            outcome = run.wait(LOOK)
            for stream in streams:
                logs.ship(*stream, ended=outcome is not None)
        return outcome

    def _conclude(self, job: Job, outcome: engine.Outcome | None, run: engine.LocalRun | None) -> None:
        if outcome is None or run is None:
            return self._end_run(job, "STOPPED")
        if outcome.reason == "stopped":
            return self._end_run(job, "STOPPED")
        if outcome.reason == "timeout":
            return self._end_run(job, "TIMEOUT", "Job run exceeded its timeout.")
        if reason := failure(outcome, run.errors):
            return self._end_run(job, "FAILED", reason)
        return self._end_run(job, "SUCCEEDED")

    def _update_run(self, job: Job, change: Any, only: tuple[str, ...] = ACTIVE) -> None:
        def apply(body: dict[str, Any]) -> None:
            if body["JobRunState"] in only:
                change(body)
                body["LastModifiedOn"] = self.house.clock()

        self.store.records.update(RUN, self.caller.scope, key(job.payload["job"], job.payload["run"]), apply)

    def _end_run(self, job: Job, state: str, reason: str | None = None) -> None:
        """A run's end, and with it the promise of another try where one is due."""

        def end(body: dict[str, Any]) -> None:
            now = self.house.clock()
            seconds = round(now - body["StartedOn"])
            body.update(JobRunState=state, CompletedOn=now, ExecutionTime=seconds)
            body["DPUSeconds"] = seconds * body["MaxCapacity"]
            if reason:
                body["ErrorMessage"] = reason

        def change() -> None:
            self._update_run(job, end)
            if state in ("FAILED", "TIMEOUT"):
                self._try_again(job)

        self.store.atomically(change)

    def _try_again(self, job: Job) -> None:
        body = self._found_run(job)
        definition = self.store.records.get("glue.job", self.caller.scope, job.payload["job"])
        if body is None or definition is None or body["Attempt"] >= definition["MaxRetries"]:
            return
        attempt = body["Attempt"] + 1
        first = body["Id"].partition("_attempt_")[0]
        more = {"Attempt": attempt, "PreviousRunId": body["Id"], "Timeout": body["Timeout"]}
        self._add_run(definition, f"{first}_attempt_{attempt}", body["Arguments"], **more)


def feeds(run: str, process: Path) -> list[tuple[str, str, Path]]:
    """The streams of a run, each a group, a name and the file that it is fed from."""
    return [
        (f"{GROUP}/output", run, process / "output.log"),
        (f"{GROUP}/error", run, process / "errors.log"),
    ]
