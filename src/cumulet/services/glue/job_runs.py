"""Runs of jobs: started, looked at, stopped. `running` has what happens in between."""

from __future__ import annotations

import secrets
from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import key
from cumulet.services.glue.refusals import detail, invalid, missing
from cumulet.services.glue.running import ACTIVE, GROUP, RUN, Running
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

JOB = "glue.job"
PAGE = 200
INSTALLER = "--python-modules-installer-option"


class JobRuns(Running):
    def start_job_run(
        self,
        *,
        JobName: str,
        JobRunId: str | None = None,
        Arguments: dict[str, str] | None = None,
        AllocatedCapacity: int | None = None,
        Timeout: int | None = None,
        MaxCapacity: float | None = None,
        NotificationProperty: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`JobRunId` runs an earlier run again, with its arguments. Capacities and `NotificationProperty`
        have no effect here, see CreateJob."""

        check_arguments(Arguments)

        def change() -> str:
            job = self._job(JobName)
            self._check_concurrency(job)
            previous = self._run(JobName, JobRunId) if JobRunId else None
            arguments = Arguments if Arguments is not None or not previous else previous["Arguments"]
            said = {"Timeout": Timeout, "MaxCapacity": MaxCapacity, "PreviousRunId": JobRunId}
            return self._add_run(job, run_id(self.house.clock()), arguments or {}, **said)

        return {"JobRunId": self.store.atomically(change)}

    def get_job_run(self, *, JobName: str, RunId: str, PredecessorsIncluded: bool = False) -> dict[str, Any]:
        """No run has predecessors: they come with triggers."""
        self._job(JobName)
        return {"JobRun": self._shown_run(self._run(JobName, RunId))}

    def get_job_runs(
        self, *, JobName: str, NextToken: str | None = None, MaxResults: int = PAGE
    ) -> dict[str, Any]:
        """Newest first."""
        self._job(JobName)
        found = self.store.records.list(RUN, self.caller.scope, prefix=key(JobName, ""))
        found.reverse()
        if last := paging.after(NextToken):
            found = [one for one in found if one[0] < last]
        return paging.page(
            found, MaxResults, "JobRuns", lambda one: one[0], lambda one: self._shown_run(one[1])
        )

    def batch_stop_job_run(self, *, JobName: str, JobRunIds: list[str]) -> dict[str, Any]:
        done, errors = [], []
        for run in JobRunIds:
            try:
                self._stop_run(JobName, run)
                done.append({"JobName": JobName, "JobRunId": run})
            except AwsError as error:
                errors.append({"JobName": JobName, "JobRunId": run, "ErrorDetail": detail(error)})
        return {"SuccessfulSubmissions": done, "Errors": errors}

    def _job(self, name: str) -> dict[str, Any]:
        body = self.store.records.get(JOB, self.caller.scope, name)
        if body is None:
            raise missing("Job", name)
        return body

    def _stop_run(self, job: str, run: str) -> None:
        def change() -> None:
            body = self._run(job, run)
            if body["JobRunState"] not in ("STARTING", "RUNNING"):
                raise invalid(f"Job run {run} is {body['JobRunState']} and cannot be stopped.")
            body.update(JobRunState="STOPPING", LastModifiedOn=self.house.clock())
            self.store.records.put(RUN, self.caller.scope, key(job, run), body)
            self.house.jobs.stop(body["Entry"])

        self.store.atomically(change)

    def _check_concurrency(self, job: dict[str, Any]) -> None:
        runs = self.store.records.list(RUN, self.caller.scope, prefix=key(job["Name"], ""))
        active = sum(body["JobRunState"] in ACTIVE for _, body in runs)
        most = job["ExecutionProperty"].get("MaxConcurrentRuns", 1)
        if active >= most:
            message = f"Concurrent runs exceeded for {job['Name']}: {active} of at most {most} are under way."
            raise AwsError("ConcurrentRunsExceededException", message)

    def _forget_runs(self, job: str) -> None:
        """Forget all runs of a job, and end those that are under way."""
        for _, body in self.store.records.list(RUN, self.caller.scope, prefix=key(job, "")):
            if body["JobRunState"] in ACTIVE:
                self.house.jobs.stop(body["Entry"])
        self.store.records.delete_under(RUN, self.caller.scope, key(job, ""))

    def _shown_run(self, body: dict[str, Any]) -> dict[str, Any]:
        shown = {
            member: value for member, value in body.items() if member not in ("Entry", "Command", "Role")
        }
        if body["JobRunState"] in ACTIVE:
            shown["ExecutionTime"] = int(self.house.clock() - body["StartedOn"])
        return {**shown, "LogGroupName": GROUP, "PredecessorRuns": []}


def check_arguments(arguments: dict[str, str] | None) -> None:
    """Arguments that are for Glue itself are refused where Glue here would not do what they say."""
    if INSTALLER in (arguments or {}):
        raise NotImplementedByCumulet(f"glue jobs with {INSTALLER}")


def run_id(now: float) -> str:
    """A new run's id, as long as AWS's; ids sort by when they were made."""
    return f"jr_{int(now * 1_000_000):016x}{secrets.token_hex(24)}"
