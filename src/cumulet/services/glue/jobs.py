"""Jobs: a script on S3, and how to run it. `job_runs` has the running.

Python-shell jobs run on the machine's own Python, whichever 3.x their PythonVersion says, with the packages
that Cumulet's environment has (which is what `library-set` means here).
"""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import remembered
from cumulet.services.glue.job_runs import JOB, JobRuns, check_arguments
from cumulet.services.glue.places import place
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.services.glue.roles import Roles
from cumulet.services.glue.tags import TaggedResources
from cumulet.store.records import RecordExists
from cumulet.wire.errors import NotImplementedByCumulet

PAGE = 100
DAYS = 2880  # minutes: the timeout of a python-shell job that says nothing
SMALLEST = 0.0625  # DPU
UPDATABLE = {
    "Description",
    "LogUri",
    "Role",
    "ExecutionProperty",
    "Command",
    "DefaultArguments",
    "NonOverridableArguments",
    "MaxRetries",
    "Timeout",
    "MaxCapacity",
    "AllocatedCapacity",
    "NotificationProperty",
    "GlueVersion",
    "JobMode",
}
Members = dict[str, Any]


class Jobs(JobRuns, Roles, TaggedResources):
    def create_job(
        self,
        *,
        Name: str,
        Role: str,
        Command: Members,
        JobMode: str | None = None,
        Description: str | None = None,
        LogUri: str | None = None,
        ExecutionProperty: Members | None = None,
        DefaultArguments: dict[str, str] | None = None,
        NonOverridableArguments: dict[str, str] | None = None,
        MaxRetries: int | None = None,
        AllocatedCapacity: int | None = None,
        Timeout: int | None = None,
        MaxCapacity: float | None = None,
        NotificationProperty: Members | None = None,
        GlueVersion: str | None = None,
        Tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Without effect here: `LogUri` (reserved on AWS too), capacities and `GlueVersion` (there is one
        machine and one Python), `JobMode` (how a console shows a job), `NotificationProperty` (a delay
        notice by events that nobody receives here)."""
        said = {
            "Role": Role,
            "Command": Command,
            "JobMode": JobMode,
            "Description": Description,
            "LogUri": LogUri,
            "ExecutionProperty": ExecutionProperty,
            "DefaultArguments": DefaultArguments,
            "NonOverridableArguments": NonOverridableArguments,
            "MaxRetries": MaxRetries,
            "AllocatedCapacity": AllocatedCapacity,
            "Timeout": Timeout,
            "MaxCapacity": MaxCapacity,
            "NotificationProperty": NotificationProperty,
            "GlueVersion": GlueVersion,
        }
        now = self.house.clock()
        body = {**self._job_definition(said), "Name": Name, "CreatedOn": now, "LastModifiedOn": now}

        def change() -> None:
            self.store.records.create(JOB, self.caller.scope, Name, body)
            self._tag(f"job/{Name}", Tags)

        try:
            self.store.atomically(change)
        except RecordExists:
            raise taken("Job", Name) from None
        return {"Name": Name}

    def get_job(self, *, JobName: str) -> dict[str, Any]:
        return {"Job": self._job(JobName)}

    def get_jobs(self, *, NextToken: str | None = None, MaxResults: int = PAGE) -> dict[str, Any]:
        last = paging.after(NextToken)
        found = self.store.records.list(JOB, self.caller.scope, after=last, limit=MaxResults + 1)
        return paging.page(found, MaxResults, "Jobs", lambda one: one[0], lambda one: one[1])

    def list_jobs(
        self, *, NextToken: str | None = None, MaxResults: int = PAGE, Tags: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Names, of those only that carry all of `Tags`."""
        found = self.store.records.list(JOB, self.caller.scope, after=paging.after(NextToken))
        names = [name for name, _ in found if (Tags or {}).items() <= self._tags(f"job/{name}").items()]
        return paging.page(names, MaxResults, "JobNames", str, str)

    def batch_get_jobs(self, *, JobNames: list[str]) -> dict[str, Any]:
        found = {name: self.store.records.get(JOB, self.caller.scope, name) for name in JobNames}
        return {
            "Jobs": [body for body in found.values() if body],
            "JobsNotFound": [name for name, body in found.items() if body is None],
        }

    def update_job(self, *, JobName: str, JobUpdate: Members) -> dict[str, Any]:
        """Replaces the whole definition: what an update does not say goes back to its default."""
        if unknown := sorted(JobUpdate.keys() - UPDATABLE):
            raise NotImplementedByCumulet(f"glue:update_job with {', '.join(unknown)}")
        for member in ("Role", "Command"):
            if member not in JobUpdate:
                raise invalid(f"{member} is needed to update job {JobName}.")
        definition = self._job_definition(JobUpdate)

        def change(body: dict[str, Any]) -> dict[str, Any]:
            kept = {"Name": JobName, "CreatedOn": body["CreatedOn"]}
            return {**definition, **kept, "LastModifiedOn": self.house.clock()}

        if self.store.records.update(JOB, self.caller.scope, JobName, change) is None:
            raise missing("Job", JobName)
        return {"JobName": JobName}

    def delete_job(self, *, JobName: str) -> dict[str, Any]:
        """A job that is not there is deleted just as well, as on AWS. Its runs end with it."""

        def change() -> None:
            self.store.records.delete(JOB, self.caller.scope, JobName)
            self._untag(f"job/{JobName}")
            self._forget_runs(JobName)

        self.store.atomically(change)
        return {"JobName": JobName}

    def _job_definition(self, said: Members) -> dict[str, Any]:
        """A definition with its defaults, after all checks that can be made before a run."""
        given = remembered({member: value for member, value in said.items() if value is not None})
        self._check_command(given["Command"])
        for member in ("DefaultArguments", "NonOverridableArguments"):
            check_arguments(given.get(member))
        self._check_role(given["Role"])
        if "MaxCapacity" in given and given["MaxCapacity"] not in (SMALLEST, 1, 1.0):
            raise invalid("MaxCapacity of a python-shell job must be 0.0625 or 1.")
        return {
            "ExecutionProperty": {"MaxConcurrentRuns": 1},
            "MaxRetries": 0,
            "Timeout": DAYS,
            "MaxCapacity": SMALLEST,
            "AllocatedCapacity": 0,
            **given,
        }

    def _check_command(self, command: Members) -> None:
        kind = command.get("Name", "")
        if kind in ("glueetl", "gluestreaming", "glueray"):
            raise NotImplementedByCumulet(f"glue jobs of kind {kind} (python-shell jobs are pythonshell)")
        if kind != "pythonshell":
            raise invalid(
                f"Command.Name {kind!r} is not one of pythonshell, glueetl, gluestreaming, glueray."
            )
        version = command.get("PythonVersion", "3")
        if version.partition(".")[0] != "3":
            raise invalid(f"PythonVersion {version} cannot be run; python-shell jobs run on Python 3.")
        place(command.get("ScriptLocation", ""), "Command.ScriptLocation")
