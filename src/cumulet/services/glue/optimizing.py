"""A table optimizer's runs: small files made large ones, old snapshots let go, stray files deleted.

Each has its times, promised one by one in the queue, so that they outlive the server. The work is Athena's engine's.
https://docs.aws.amazon.com/glue/latest/dg/table-optimizers.html
"""

from __future__ import annotations

import uuid
from typing import Any

from cumulet.jobs import Job
from cumulet.services.glue.catalog import OPTIMIZER, Catalog, key
from cumulet.services.glue.refusals import invalid
from cumulet.services.glue.roles import Roles
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

KEPT = 100  # runs that are remembered
HOUR, DAY = 3600, 86_400
COMPACTION_EVERY = HOUR  # AWS looks whenever files have come; here it is looked every hour
MEMBERS = {
    "compaction": "compactionConfiguration",
    "retention": "retentionConfiguration",
    "orphan_file_deletion": "orphanFileDeletionConfiguration",
}
DEFAULTS: dict[str, dict[str, Any]] = {
    "compaction": {"strategy": "binpack", "minInputFiles": 100, "deleteFileThreshold": 1},
    "retention": {
        "snapshotRetentionPeriodInDays": 5,
        "numberOfSnapshotsToRetain": 1,
        "cleanExpiredFiles": False,
        "runRateInHours": 24,
    },
    "orphan_file_deletion": {"orphanFileRetentionPeriodInDays": 3, "runRateInHours": 24},
}
LEAST = {"minInputFiles": 2, "deleteFileThreshold": 1, "runRateInHours": 3}  # the others': 1
Members = dict[str, Any]


class Optimizing(Roles, Catalog):
    def run_table_optimizer(self, job: Job) -> None:
        """One run, and the promise of the next. Begun again after a crash, it says of the run before that it failed."""
        records, name = self.store.records, key(job.payload["table"], job.payload["optimizer"])
        body = records.get(OPTIMIZER, self.caller.scope, name)
        if body is None or body.get("Timer") != job.payload["timer"]:
            return  # other settings by now, or none
        run = {"Id": f"{self.house.clock():020.6f}", "eventType": "in_progress"}
        self._change_runs(name, lambda runs: [*map(given_up, runs), {**run, "start": self.house.clock()}])
        try:
            told = {"eventType": "completed", "counts": self._optimize(body, job)}
        except AwsError as error:
            told = {"eventType": "failed", "error": f"{error.code}: {error.message}"}
        self._end_optimizing(name, job, told)

    def run_table_optimizer_failed(self, job: Job, reason: str) -> None:
        """Whatever else went wrong: the supervisor tells. The next run is tried at its time."""
        name = key(job.payload["table"], job.payload["optimizer"])
        self._end_optimizing(name, job, {"eventType": "failed", "error": reason[:1024]})

    def _optimize(self, body: Members, job: Job) -> dict[str, int]:
        table = f"{body['DatabaseName']}.{body['TableName']}"
        glue: Any = self
        location = glue.get_table(DatabaseName=body["DatabaseName"], Name=body["TableName"])["Table"][
            "StorageDescriptor"
        ]["Location"]
        operation, arguments = work_of(body["Type"], settings(body["Type"], body["Configuration"]), location)
        found: dict[str, int] = self.other("athena").tend(
            Database=body["DatabaseName"],
            Table=body["TableName"],
            Operation=operation,
            Arguments=arguments,
            Key=f"{table} {job.id}",
        )
        return found

    def _end_optimizing(self, name: str, job: Job, told: Members) -> None:
        now = self.house.clock()

        def change(body: Members) -> None:
            if body["Runs"] and body["Runs"][-1]["eventType"] == "in_progress":
                body["Runs"][-1].update(told, end=now)
            if body.get("Timer") == job.payload["timer"]:
                self._set_optimizer_timer(job.payload["table"], body, now + rate(body))

        self.store.atomically(lambda: self.store.records.update(OPTIMIZER, self.caller.scope, name, change))

    def _change_runs(self, name: str, change: Any) -> None:
        def apply(body: Members) -> None:
            body["Runs"] = change(body["Runs"])[-KEPT:]

        self.store.records.update(OPTIMIZER, self.caller.scope, name, apply)

    def _set_optimizer_timer(self, table: str, body: Members, due: float) -> None:
        """The timer's name is new each time: who holds an old one has come too late."""
        body.pop("Timer", None)
        if body["Configuration"]["enabled"]:
            body["Timer"] = timer = str(uuid.uuid4())
            given = {"table": table, "optimizer": body["Type"], "timer": timer}
            self.house.jobs.add("glue.run_table_optimizer", self.caller, due=due, **given)


def configured(kind: str, old: Members, given: Members) -> Members:
    """An optimizer's configuration, as it was and as it is changed to be."""
    if others := sorted(set(MEMBERS.values()) & given.keys() - {MEMBERS[kind]}):
        raise invalid(f"{', '.join(others)} is not for an optimizer of type {kind}.")
    found = {"enabled": True, **old, **given}
    if not found.get("roleArn"):
        raise invalid("TableOptimizerConfiguration needs a roleArn.")
    member = MEMBERS[kind]
    own = {**icebergs(old, member), **icebergs(given, member)}
    for name, value in own.items():
        if isinstance(value, int) and value < LEAST.get(name, 1):
            raise invalid(f"{name} must be at least {LEAST.get(name, 1)}.")
    if own.get("strategy", "binpack") != "binpack":
        raise NotImplementedByCumulet(f"glue table optimizers that compact by {own['strategy']}")
    return {**found, **({member: {"icebergConfiguration": own}} if own else {})}


def icebergs(configuration: Members, member: str) -> Members:
    return dict((configuration.get(member) or {}).get("icebergConfiguration") or {})


def settings(kind: str, configuration: Members) -> Members:
    return {**DEFAULTS[kind], **icebergs(configuration, MEMBERS[kind])}


def rate(body: Members) -> float:
    hours = settings(body["Type"], body["Configuration"]).get("runRateInHours")
    return HOUR * float(hours) if hours else COMPACTION_EVERY


def work_of(kind: str, said: Members, location: str) -> tuple[str, Members]:
    """The engine's operation and its arguments."""
    if kind == "compaction":
        return "optimize", {"least": said["minInputFiles"], "deletes": said["deleteFileThreshold"]}
    if kind == "retention":
        age, keep = said["snapshotRetentionPeriodInDays"] * DAY, said["numberOfSnapshotsToRetain"]
        return "expire", {"age": age, "keep": keep, "clean": said["cleanExpiredFiles"]}
    inside = said.get("location") or location
    if not f"{inside.rstrip('/')}/".startswith(f"{location.rstrip('/')}/"):
        raise invalid(f"The location {inside} is not within the table's, {location}.")
    return "orphans", {"age": said["orphanFileRetentionPeriodInDays"] * DAY, "location": inside}


def given_up(run: Members) -> Members:
    """A run that an earlier server has not brought to its end."""
    if run["eventType"] != "in_progress":
        return run
    return {**run, "eventType": "failed", "error": "The server stopped during this run.", "end": run["start"]}


def shown(body: Members) -> Members:
    last = {"lastRun": shown_run(body["Runs"][-1])} if body["Runs"] else {}
    return {
        "type": body["Type"],
        "configuration": body["Configuration"],
        **last,
        "configurationSource": "table",
    }


def shown_run(run: Members) -> Members:
    counts = run.get("counts")
    told = {
        "eventType": run["eventType"],
        "startTimestamp": run["start"],
        "endTimestamp": run.get("end"),
        "error": run.get("error"),
    }
    return {**told, **(metrics(counts, run["end"] - run["start"]) if counts is not None else {})}


def metrics(counts: dict[str, int], seconds: float) -> Members:
    """What a run came to, as its kind tells it."""
    used = {"DpuHours": 0.0, "NumberOfDpus": 0, "JobDurationInHour": round(seconds / HOUR, 6)}
    if "bytes" in counts:
        found = {"NumberOfBytesCompacted": counts["bytes"], "NumberOfFilesCompacted": counts["files"]}
        plain = {name: str(value) for name, value in {**found, **used}.items() if name != "DpuHours"}
        return {
            "metrics": plain,
            "compactionMetrics": {"IcebergMetrics": {**found, **used}},
            "compactionStrategy": "binpack",
        }
    if "orphans" in counts:
        deleted = {"NumberOfOrphanFilesDeleted": counts["orphans"]}
        return {"orphanFileDeletionMetrics": {"IcebergMetrics": {**deleted, **used}}}
    names = {"data": "DataFiles", "manifests": "ManifestFiles", "lists": "ManifestLists"}
    gone = {f"NumberOf{name}Deleted": counts[kind] for kind, name in names.items()}
    return {"retentionMetrics": {"IcebergMetrics": {**gone, **used}}}
