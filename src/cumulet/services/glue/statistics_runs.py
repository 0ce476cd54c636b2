"""Runs of the task that measures a table's columns: asked for, watched, stopped.

The whole table is read, whatever `SampleSize` says: what is measured is then exact.
https://docs.aws.amazon.com/glue/latest/dg/generate-column-stats.html
"""

from __future__ import annotations

import threading
import uuid
from typing import Any

from cumulet.jobs import Job, Suspended
from cumulet.services.glue import paging
from cumulet.services.glue.catalog import STATISTICS_RUN
from cumulet.services.glue.column_statistics import ColumnStatistics
from cumulet.services.glue.measuring import AT_ONCE, Measured, measurable, query, told
from cumulet.services.glue.refusals import invalid, missing
from cumulet.services.glue.roles import Roles
from cumulet.wire.errors import AwsError

PAGE = 100
UNDER_WAY = ("STARTING", "RUNNING")
HIDDEN = ("Job", "Stopping")
WEEK, AGAIN = 604800.0, 0.05


class StatisticsRuns(Roles, ColumnStatistics):
    def start_column_statistics_task_run(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        Role: str,
        ColumnNameList: list[str] | None = None,
        SampleSize: float | None = None,
        CatalogID: str | None = None,
    ) -> dict[str, Any]:
        """`SampleSize` is kept and changes nothing: the whole table is measured, exactly."""
        self._own(CatalogID)
        table = self._table(DatabaseName, TableName)
        self._columns_to_measure(table, ColumnNameList or [])
        self._check_role(Role)
        body = self._new_measuring(table, Role, ColumnNameList or [], SampleSize)

        def change() -> None:
            if self._measuring(table):
                message = f"Statistics of table {TableName} are being measured already."
                raise AwsError("ColumnStatisticsTaskRunningException", message)
            body["Job"] = self.house.jobs.add(
                "glue.run_column_statistics", self.caller, run=body["ColumnStatisticsTaskRunId"]
            )
            self._put_measuring(body)

        self.store.atomically(change)
        return {"ColumnStatisticsTaskRunId": body["ColumnStatisticsTaskRunId"]}

    def get_column_statistics_task_run(self, *, ColumnStatisticsTaskRunId: str) -> dict[str, Any]:
        return {"ColumnStatisticsTaskRun": shown(self._statistics_run(ColumnStatisticsTaskRunId))}

    def get_column_statistics_task_runs(
        self,
        *,
        DatabaseName: str,
        TableName: str,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
        CatalogID: str | None = None,
    ) -> dict[str, Any]:
        """Newest first."""
        self._own(CatalogID)
        found = self._measurings(DatabaseName, TableName)
        return run_page(found, MaxResults, NextToken, "ColumnStatisticsTaskRuns", shown)

    def list_column_statistics_task_runs(
        self, *, MaxResults: int = PAGE, NextToken: str | None = None
    ) -> dict[str, Any]:
        """Newest first."""
        return run_page(self._all_measurings(), MaxResults, NextToken, "ColumnStatisticsTaskRunIds", run_id)

    def stop_column_statistics_task_run(
        self, *, DatabaseName: str, TableName: str, CatalogID: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogID)

        def change() -> None:
            running = self._measuring(self._table(DatabaseName, TableName))
            if running is None:
                message = f"Nobody is measuring statistics of table {TableName}."
                raise AwsError("ColumnStatisticsTaskNotRunningException", message)
            if running.get("Stopping"):
                message = f"The measuring of table {TableName} is being stopped already."
                raise AwsError("ColumnStatisticsTaskStoppingException", message)
            self._put_measuring({**running, "Stopping": True})
            self.house.jobs.stop(running["Job"])

        self.store.atomically(change)
        return {}

    def run_column_statistics(self, job: Job) -> None:
        """The work behind StartColumnStatisticsTaskRun; begun again, it only measures again."""
        body = self._statistics_run(job.payload["run"])
        if body["Status"] not in UNDER_WAY:
            return
        self._change_measuring(body, Status="RUNNING", StartTime=self.house.clock())
        ended = threading.Event()
        threading.Thread(target=self._watch_measuring, args=(job, ended, run_id(body)), daemon=True).start()
        try:
            self._measure(job, body)
        except TimeoutError:
            if job.leaving and not job.stopping:
                raise Suspended from None
            self._end_measuring(body, "STOPPED")
        except AwsError as error:
            self._end_measuring(body, "FAILED", error.message)
        else:
            self._end_measuring(body, "SUCCEEDED")
        finally:
            ended.set()
            job.wake()

    def run_column_statistics_failed(self, job: Job, reason: str) -> None:
        """Whatever else went wrong: the supervisor tells."""
        self._end_measuring(self._statistics_run(job.payload["run"]), "FAILED", reason)

    def _measure(self, job: Job, body: dict[str, Any]) -> None:
        table = self._table(body["DatabaseName"], body["TableName"])
        columns = self._columns_to_measure(table, body["ColumnNameList"])
        athena = self.other("athena")
        for start in range(0, len(columns), AT_ONCE):
            if job.stopping or job.leaving:
                raise TimeoutError
            some = columns[start : start + AT_ONCE]
            text = query(table["Name"], some)
            rows = athena.rows(Database=table["DatabaseName"], Text=text, Key=run_id(body))
            found = told(some, rows[0], self.house.clock())
            self._put_all(table, found)

    def _put_all(self, table: dict[str, Any], found: list[dict[str, Any]]) -> None:
        def change() -> None:
            for one in found:
                self._put_statistics(table, [], one)

        self.store.atomically(change)

    def _watch_measuring(self, job: Job, ended: threading.Event, run: str) -> None:
        """Pass a request to stop, or the server's leaving, on to the engine, until the run has ended."""
        job.wait(WEEK)
        while not ended.wait(AGAIN):
            if job.stopping or job.leaving:
                self.other("athena").cut_off(Key=run)

    def _columns_to_measure(self, table: dict[str, Any], wanted: list[str]) -> list[Measured]:
        """The columns to measure: those named, or all that can be."""
        columns = table.get("StorageDescriptor", {}).get("Columns", [])
        known = {column["Name"].lower() for column in columns}
        if strange := [name for name in wanted if name.lower() not in known]:
            raise invalid(f"{', '.join(strange)} is no column of table {table['Name']}.")
        chosen = {name.lower() for name in wanted} or known
        return measurable([column for column in columns if column["Name"].lower() in chosen])

    def _new_measuring(
        self, table: dict[str, Any], role: str, columns: list[str], sample: float | None
    ) -> dict[str, Any]:
        now = self.house.clock()
        return {
            "CustomerId": self.caller.account,
            "ColumnStatisticsTaskRunId": str(uuid.uuid4()),
            "DatabaseName": table["DatabaseName"],
            "TableName": table["Name"],
            "ColumnNameList": columns,
            "CatalogID": self.caller.account,
            "Role": role,
            "SampleSize": 100.0 if sample is None else sample,
            "NumberOfWorkers": 1,
            "WorkerType": "G.1X",
            "ComputationType": "FULL",
            "Status": "STARTING",
            "CreationTime": now,
            "LastUpdated": now,
            "DPUSeconds": 0.0,
        }

    def _statistics_run(self, run: str) -> dict[str, Any]:
        body = self.store.records.get(STATISTICS_RUN, self.caller.scope, run)
        if body is None:
            raise missing("Column statistics task run", run)
        return body

    def _put_measuring(self, body: dict[str, Any]) -> None:
        self.store.records.put(STATISTICS_RUN, self.caller.scope, run_id(body), body)

    def _change_measuring(self, body: dict[str, Any], **changes: Any) -> None:
        def change(old: dict[str, Any]) -> None:
            old.update(changes, LastUpdated=self.house.clock())

        self.store.records.update(STATISTICS_RUN, self.caller.scope, run_id(body), change)

    def _end_measuring(self, body: dict[str, Any], status: str, message: str | None = None) -> None:
        said = {"ErrorMessage": message[:2048]} if message else {}
        self._change_measuring(body, Status=status, EndTime=self.house.clock(), **said)

    def _all_measurings(self) -> list[dict[str, Any]]:
        found = [body for _, body in self.store.records.list(STATISTICS_RUN, self.caller.scope)]
        return sorted(found, key=age, reverse=True)

    def _measurings(self, database: str, table: str) -> list[dict[str, Any]]:
        wanted = (database.lower(), table.lower())
        return [one for one in self._all_measurings() if (one["DatabaseName"], one["TableName"]) == wanted]

    def _measuring(self, table: dict[str, Any]) -> dict[str, Any] | None:
        found = self._measurings(table["DatabaseName"], table["Name"])
        return next((one for one in found if one["Status"] in UNDER_WAY), None)


def run_id(body: dict[str, Any]) -> str:
    return str(body["ColumnStatisticsTaskRunId"])


def age(body: dict[str, Any]) -> str:
    """Sorts as the runs began; tells where a page ends."""
    return f"{body['CreationTime']:020.6f} {run_id(body)}"


def shown(body: dict[str, Any]) -> dict[str, Any]:
    return {member: value for member, value in body.items() if member not in HIDDEN}


def run_page(
    found: list[dict[str, Any]], limit: int, token: str | None, member: str, show: Any
) -> dict[str, Any]:
    if last := paging.after(token):
        found = [one for one in found if age(one) < last]
    return paging.page(found, limit, member, age, show)
