"""Running a statement: the work behind a query execution, in a thread of the supervisor's.

A statement that was cut off by the end of the server is run again by the next, as long as nothing of its
work could be seen by others. One that had begun to write is not, since nobody can tell how far it came: it
fails with that reason.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import Cancelled, SqlError
from cumulet.jobs import Suspended
from cumulet.services import Service
from cumulet.services.athena import reuse, statements
from cumulet.services.athena.endings import endings
from cumulet.services.athena.engine import engine, workspace
from cumulet.services.athena.query_executions import ENDED, KIND
from cumulet.services.athena.query_metrics import NAMESPACE, metric_data
from cumulet.services.athena.running import SOON, Run
from cumulet.services.athena.state_changes import announce
from cumulet.store.database import Closed
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.jobs import Job

INTERRUPTED = (
    "The server stopped while this statement was running; what it had written by "
    "then may be there. Run it again."
)
WEEK, AGAIN = 604800.0, 0.05
SYSTEM, USER, OTHER = 1, 2, 3  # categories of AthenaError
TYPES = {
    "SYNTAX_ERROR": 1006,
    "COLUMN_NOT_FOUND": 1006,
    "TABLE_NOT_FOUND": 1006,
    "SCHEMA_NOT_FOUND": 1006,
    "TYPE_MISMATCH": 1006,
    "FUNCTION_NOT_FOUND": 1006,
    "HIVE_BAD_DATA": 233,
    "HIVE_CURSOR_ERROR": 233,
    "GENERIC_INTERNAL_ERROR": 1,
    "EXCEEDED_LOCAL_MEMORY_LIMIT": 131,
}


class Runs(Service):
    def run_query(self, job: Job) -> None:
        look: Any = self
        body = look.execution(job.payload["execution"])
        folder = workspace(self.house) / "runs" / body["QueryExecutionId"]
        shutil.rmtree(folder, ignore_errors=True)  # what an earlier server left half done
        if body["Status"]["State"] in ENDED:
            return
        if body.get("Writing"):
            self._end(body, "FAILED", INTERRUPTED, error(SYSTEM, 1, INTERRUPTED))
        elif job.stopping:
            self._end(body, "CANCELLED", "Query cancelled by user")
        else:
            self._run(job, Run(self, body, statements.read(body["Query"]), folder))

    def run_query_failed(self, job: Job, reason: str) -> None:
        """Our own failure, told as one."""
        look: Any = self
        self._end(
            look.execution(job.payload["execution"]),
            "FAILED",
            f"GENERIC_INTERNAL_ERROR: {reason}",
            error(SYSTEM, 1, reason),
        )

    def _run(self, job: Job, run: Run) -> None:
        body = run.body
        ended = threading.Event()
        watcher = threading.Thread(
            target=watch,
            args=(job, ended, run, lambda: engine(self.house).cancel(body["QueryExecutionId"])),
            daemon=True,
        )
        watcher.start()
        try:
            run.work()
            self._timed(body, run)
            self._succeed(run)
        except Cancelled:
            if job.leaving and not job.stopping:
                raise Suspended from None
            self._timed(body, run)
            self._end(body, "CANCELLED", "Query cancelled by user")
        except (SqlError, AwsError) as failure:
            self._timed(body, run)
            if isinstance(failure, SqlError) and failure.name == "EXCEEDED_SCAN_LIMIT":
                self._end(body, "CANCELLED", failure.message)  # a limit that its work group sets
            else:
                self._end(body, "FAILED", *explained(failure))
        finally:
            ended.set()
            job.wake()
            shutil.rmtree(run.folder, ignore_errors=True)

    def _show_running(self, name: str) -> None:
        """Unless it has ended by now. A step on the way: what is lost with it is begun again."""

        def change() -> None:
            body = self._get(name)
            if body and body["Status"]["State"] == "QUEUED":
                self._run_is_told(body)
                body["Status"]["State"] = "RUNNING"
                self._remember(body)

        with suppress(Closed), self.store.deferring():
            self.store.atomically(change)

    def _begin_to_write(self, body: dict[str, Any]) -> None:
        """Others will see what the query does: it is remembered first that it runs."""

        def change() -> None:
            self._run_is_told(body)
            self._remember(body)

        self.store.atomically(change)

    def _run_is_told(self, body: dict[str, Any]) -> None:
        """That a query runs is an event, once."""
        stored = self._get(body["QueryExecutionId"])
        if stored and stored["Status"]["State"] == "QUEUED":
            announce(self, body, "QUEUED", "RUNNING", self.house.clock())

    def _timed(self, body: dict[str, Any], run: Run) -> None:
        """Where the time went, as measured; the engine's own figures come from the worker."""
        now, submitted = self.house.clock(), body["Status"]["SubmissionDateTime"]
        total, queued = round((now - submitted) * 1000), round(((run.began or now) - submitted) * 1000)
        planning, executing = round(run.planning * 1000), round((run.planning + run.execution) * 1000)
        body["Statistics"] = {
            "EngineExecutionTimeInMillis": executing,
            "DataScannedInBytes": run.scanned,
            "TotalExecutionTimeInMillis": total,
            "QueryQueueTimeInMillis": queued,
            "QueryPlanningTimeInMillis": planning,
            "ServiceProcessingTimeInMillis": max(0, total - queued - executing),
            "ResultReuseInformation": {"ReusedPreviousResult": run.reused},
            **({"DataManifestLocation": run.manifest} if run.manifest else {}),
        }

    def _succeed(self, run: Run) -> None:
        def change() -> None:
            for each in run.last:
                each()
            reuse.remember(run)
            self._end(run.body, "SUCCEEDED")

        self.store.atomically(change)

    def _end(
        self, body: dict[str, Any], state: str, reason: str = "", failure: dict[str, Any] | None = None
    ) -> None:
        now, before = self.house.clock(), body["Status"]["State"]
        body["Status"].update({"State": state, "CompletionDateTime": now})
        if reason:
            body["Status"]["StateChangeReason"] = reason
        if failure:
            body["Status"]["AthenaError"] = failure
        self.store.atomically(lambda: self._remember_end(body, before, now))
        if body.get("Metrics") and (told := metric_data(body)):
            self.other("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=told)
        self.store.database.after_commit(partial(endings(self.house).tell, body["QueryExecutionId"]))

    def _remember_end(self, body: dict[str, Any], before: str, now: float) -> None:
        if before == "RUNNING":
            self._run_is_told(body)
        announce(self, body, before, body["Status"]["State"], now)
        self._remember(body)

    def _get(self, name: str) -> dict[str, Any] | None:
        return self.store.records.get(KIND, self.caller.scope, name)

    def _remember(self, body: dict[str, Any]) -> None:
        self.store.records.put(KIND, self.caller.scope, body["QueryExecutionId"], body)


def watch(job: Job, ended: threading.Event, run: Run, cancel: Callable[[], None]) -> None:
    """Until the run ends: pass a request to stop, or the server's leaving, on to the engine.

    Said again and again, because the run may not have reached the engine yet. One that takes its time is shown as
    running.
    """
    if not job.wait(SOON) and run.began is not None and not ended.is_set():
        run.show()
    if not ended.is_set():
        job.wait(WEEK)
    while not ended.wait(AGAIN):
        if job.stopping or job.leaving:
            cancel()


def explained(failure: SqlError | AwsError) -> tuple[str, dict[str, Any]]:
    """Why a query failed: Trino's error name, as engine version 3 tells it, and its words."""
    if isinstance(failure, AwsError):
        return failure.message, error(USER, 1006, failure.message)
    reason = f"{failure.name}: {failure.message}"
    category = SYSTEM if failure.kind == "system" else OTHER if failure.kind == "engine" else USER
    return reason, error(category, TYPES.get(failure.name, 1006 if category == USER else 1), reason)


def error(category: int, kind: int, message: str) -> dict[str, Any]:
    return {"ErrorCategory": category, "ErrorType": kind, "Retryable": False, "ErrorMessage": message}
