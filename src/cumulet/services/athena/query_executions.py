"""Query executions: started, looked at, stopped.

https://docs.aws.amazon.com/athena/latest/APIReference/API_StartQueryExecution.html
"""

from __future__ import annotations

import uuid
from typing import Any

from cumulet.engines.sql.base import SqlError
from cumulet.services import Service
from cumulet.services.athena import ddl, managed_results, paging, statements
from cumulet.services.athena.endings import endings
from cumulet.services.athena.engine import engine
from cumulet.services.athena.places import bucket_and_key
from cumulet.services.athena.refusals import invalid, malformed, no_execution
from cumulet.services.athena.statements import Statement
from cumulet.services.athena.work_groups import PRIMARY
from cumulet.wire.errors import AwsError

KIND, HISTORY, TOKENS = "athena.execution", "athena.history", "athena.token"
ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")
YOUNG, MOMENT = 1.0, 0.2  # seconds
NO_OUTPUT = (
    "No output location provided. An output location is required either through the Workgroup result configuration "
    "setting or as an API input."
)


class QueryExecutions(Service):
    """A statement is promised durably before its id is given out; what runs it is in `runs`."""

    def start_query_execution(
        self,
        *,
        QueryString: str,
        ClientRequestToken: str | None = None,
        QueryExecutionContext: dict[str, str] | None = None,
        ResultConfiguration: dict[str, Any] | None = None,
        WorkGroup: str = PRIMARY,
        ExecutionParameters: list[str] | None = None,
        ResultReuseConfiguration: dict[str, Any] | None = None,
        EngineConfiguration: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """An earlier result is given again where that is allowed (`reuse`); EngineConfiguration is for Spark."""
        if EngineConfiguration:
            raise invalid("EngineConfiguration is for Spark work groups, which Cumulet has not got")
        given = {
            "QueryString": QueryString,
            "QueryExecutionContext": QueryExecutionContext or {},
            "ResultConfiguration": ResultConfiguration or {},
            "WorkGroup": WorkGroup,
            "ExecutionParameters": ExecutionParameters or [],
            "ResultReuseConfiguration": ResultReuseConfiguration or {},
        }
        if ClientRequestToken and (earlier := self._earlier(ClientRequestToken, given)):
            return {"QueryExecutionId": earlier}
        statement = self._read(QueryString)
        body = self._new_execution(given, statement)
        self.store.atomically(lambda: self._promise(body, ClientRequestToken, given))
        return {"QueryExecutionId": body["QueryExecutionId"]}

    def get_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        """Held back while a query is young, until it ends: clients look again after a second only."""
        body = self.execution(QueryExecutionId)
        if body["Status"]["State"] not in ENDED:
            body = self._a_moment_later(body)
        return {"QueryExecution": shown(body)}

    def _a_moment_later(self, body: dict[str, Any]) -> dict[str, Any]:
        """The execution when it has ended; at the latest a second after its start, or a moment from now: whoever asks
        without pause leaves the processors to the query."""
        age = self.house.clock() - body["Status"]["SubmissionDateTime"]
        with endings(self.house).expecting(body["QueryExecutionId"]) as ended:
            found = self.execution(body["QueryExecutionId"])
            if found["Status"]["State"] in ENDED:
                return found
            ended.wait(min(YOUNG, max(MOMENT, YOUNG - age)))
        return self.execution(body["QueryExecutionId"])

    def execution(self, name: str) -> dict[str, Any]:
        found = self.store.records.get(KIND, self.caller.scope, name)
        if found is None:
            raise no_execution(name)
        return found

    def batch_get_query_execution(self, *, QueryExecutionIds: list[str]) -> dict[str, Any]:
        found = {each: self.store.records.get(KIND, self.caller.scope, each) for each in QueryExecutionIds}
        missing = [
            {
                "QueryExecutionId": each,
                "ErrorCode": "INVALID_QUERY_EXECUTION_ID",
                "ErrorMessage": f"QueryExecution {each} was not found",
            }
            for each, body in found.items()
            if body is None
        ]
        return {
            "QueryExecutions": [shown(body) for body in found.values() if body],
            "UnprocessedQueryExecutionIds": missing,
        }

    def list_query_executions(
        self, *, NextToken: str | None = None, MaxResults: int = 50, WorkGroup: str = PRIMARY
    ) -> dict[str, Any]:
        """The newest first."""
        look: Any = self
        look.work_group(WorkGroup)
        prefix = f"{WorkGroup}/"
        after = paging.opened(NextToken) if NextToken else ""
        rows = self.store.records.list(
            HISTORY, self.caller.scope, prefix=prefix, after=after, limit=MaxResults + 1
        )
        names = [name for name, _ in rows]
        token = paging.closed(names[MaxResults - 1]) if len(names) > MaxResults else None
        return {
            "QueryExecutionIds": [name.rpartition("/")[2] for name in names[:MaxResults]],
            "NextToken": token,
        }

    def stop_query_execution(self, *, QueryExecutionId: str) -> dict[str, Any]:
        """Ends the work itself; a query that has ended stays as it is."""
        body = self.execution(QueryExecutionId)
        if body["Status"]["State"] not in ENDED:
            self.house.jobs.stop(body["Job"])
        return {}

    def get_query_runtime_statistics(self, *, QueryExecutionId: str) -> dict[str, Any]:
        """The timeline and the rows that were counted; stages are not, since DuckDB has none."""
        body = self.execution(QueryExecutionId)
        if body["Status"]["State"] not in ENDED:
            raise invalid(f"Query {QueryExecutionId} has not finished yet")
        statistics = body["Statistics"]
        timeline = {
            key: statistics[key]
            for key in (
                "QueryQueueTimeInMillis",
                "QueryPlanningTimeInMillis",
                "EngineExecutionTimeInMillis",
                "ServiceProcessingTimeInMillis",
                "TotalExecutionTimeInMillis",
            )
            if key in statistics
        }
        rows = {"InputBytes": statistics.get("DataScannedInBytes", 0), "OutputRows": body.get("RowCount", 0)}
        return {"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}}

    def _earlier(self, token: str, given: dict[str, Any]) -> str | None:
        """The execution that this token has started; other parameters with the same token are an error."""
        found = self.store.records.get(TOKENS, self.caller.scope, token)
        if found is None:
            return None
        if found["given"] != given:
            raise invalid("Idempotent parameters do not match")
        return str(found["id"])

    def _read(self, text: str) -> Statement:
        """What the statement is; a query in it must parse."""
        statement = statements.read(text)
        try:
            if statement.query and statement.kind != "PREPARE":
                change = statement.kind in ("UPDATE", "DELETE", "MERGE")
                engine(self.house).check(statement.query, change=change)
            elif statement.kind not in ("EXECUTE", "DEALLOCATE", "PREPARE", "OPTIMIZE", "VACUUM"):
                ddl.parse(statement.kind, text)
                engine(self.house).warm()  # a query will follow
        except SqlError as error:
            raise (malformed if error.name == "SYNTAX_ERROR" else invalid)(error.message) from None
        return statement

    def _new_execution(self, given: dict[str, Any], statement: Statement) -> dict[str, Any]:
        look: Any = self
        group = look.work_group(given["WorkGroup"])
        if group["State"] != "ENABLED":
            raise invalid(f"WorkGroup {given['WorkGroup']} is disabled")
        context = given["QueryExecutionContext"]
        if catalog := context.get("Catalog"):
            look.data_catalog(catalog)
        name = str(uuid.uuid4())
        configuration = self._result_configuration(given, group["Configuration"])
        return {
            "QueryExecutionId": name,
            "Query": given["QueryString"],
            "StatementType": statement.type,
            "SubstatementType": statement.kind,
            "ResultConfiguration": {
                **configuration,
                "OutputLocation": output_of(configuration["OutputLocation"], name, statement),
            },
            "QueryExecutionContext": context,
            "Status": {"State": "QUEUED", "SubmissionDateTime": self.house.clock()},
            "Statistics": {},
            "WorkGroup": given["WorkGroup"],
            "EngineVersion": group["Configuration"]["EngineVersion"],
            "ExecutionParameters": given["ExecutionParameters"],
            **(
                {managed_results.MEMBER: kept}
                if (kept := group["Configuration"].get(managed_results.MEMBER))
                else {}
            ),
            **({"ResultReuseConfiguration": reuse} if (reuse := given["ResultReuseConfiguration"]) else {}),
            "Folder": configuration["OutputLocation"],
            "Cutoff": group["Configuration"].get("BytesScannedCutoffPerQuery"),
            "Metrics": group["Configuration"]["PublishCloudWatchMetricsEnabled"],
        }

    def _result_configuration(self, given: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
        """Where the results go, which must be a place that can take them."""
        if managed_results.enabled(group):
            managed_results.check_request(given)
            return {"OutputLocation": managed_results.FOLDER}
        configuration = result_configuration(given["ResultConfiguration"], group)
        self._check_output(configuration["OutputLocation"])
        return configuration

    def _check_output(self, location: str) -> None:
        """The bucket of the results must be the caller's to use; Athena's own one is made when it is missing.

        https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html (`aws-athena-query-results-*`)
        """
        bucket, _ = bucket_and_key(location)
        s3 = self.other("s3")
        try:
            s3.head_bucket(Bucket=bucket)
        except AwsError as error:
            if error.code != "NoSuchBucket" or not bucket.startswith("aws-athena-query-results-"):
                raise invalid(f"Unable to verify/create output bucket {bucket}") from None
            region = self.caller.region
            constraint = {} if region == "us-east-1" else {"LocationConstraint": region}
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=constraint)

    def _promise(self, body: dict[str, Any], token: str | None, given: dict[str, Any]) -> None:
        name, scope = body["QueryExecutionId"], self.caller.scope
        body["Job"] = self.house.jobs.add("athena.run_query", self.caller, execution=name)
        self.store.records.put(KIND, scope, name, body)
        newest_first = 10**16 - int(body["Status"]["SubmissionDateTime"] * 1_000_000)
        self.store.records.put(HISTORY, scope, f"{body['WorkGroup']}/{newest_first:017}/{name}", {})
        if token:
            self.store.records.put(TOKENS, scope, token, {"id": name, "given": given})


def result_configuration(client: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """The work group's settings where it enforces them, else the client's over the work group's."""
    own = {key: value for key, value in (group.get("ResultConfiguration") or {}).items() if value}
    found = own if group["EnforceWorkGroupConfiguration"] and own.get("OutputLocation") else {**own, **client}
    if not found.get("OutputLocation"):
        raise invalid(NO_OUTPUT)
    if (found.get("EncryptionConfiguration") or {}).get("EncryptionOption") == "CSE_KMS":
        raise invalid("CSE_KMS encryption of results is not supported by Cumulet; SSE_KMS and SSE_S3 are")
    return found


def output_of(folder: str, name: str, statement: Statement) -> str:
    """Where a statement's own output goes: rows to a .csv, what a utility says to a .txt."""
    folder = folder.rstrip("/")
    if statement.kind in ("SELECT", "EXECUTE"):
        return f"{folder}/{name}.csv"
    if statement.kind == "CREATE_TABLE_AS_SELECT":
        return f"{folder}/tables/{name}"
    if statement.kind in ("INSERT", "UNLOAD", "UPDATE", "DELETE", "MERGE"):
        return f"{folder}/{name}"
    return f"{folder}/{name}.txt"


HIDDEN = ("Job", "Folder", "Cutoff", "Metrics", "Columns", "RowCount", "Writing")


def shown(body: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in body.items() if key not in HIDDEN}
    if managed_results.managed(body["Folder"]):
        found["ResultConfiguration"] = {}
    found["Statistics"] = {"EngineExecutionTimeInMillis": 0, "DataScannedInBytes": 0, **body["Statistics"]}
    if not body["ExecutionParameters"]:
        del found["ExecutionParameters"]
    return found
