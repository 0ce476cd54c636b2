"""One statement at work: the engine for queries, Glue for DDL, S3 for what comes out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import Change, Outcome, Output, Query, SqlError
from cumulet.services.athena import ddl, managed_results, metadata_file, reuse, statements, views
from cumulet.services.athena.engine import engine
from cumulet.services.athena.iceberg import changes
from cumulet.services.athena.lake import Lake
from cumulet.services.athena.parameters import expressions
from cumulet.services.athena.places import bucket_and_key
from cumulet.services.athena.prepared_statements import KIND as PREPARED
from cumulet.services.athena.statements import Statement
from cumulet.services.athena.writing import create_table_as, insert_into, unload

if TYPE_CHECKING:
    from cumulet.services import Service

SMALL = 64 << 10  # bytes
SOON = 0.2  # seconds after which a query is shown as running: most have ended by then


class Run:
    """What a statement needs while it runs, and what it has to tell afterwards."""

    def __init__(self, service: Service, body: dict[str, Any], statement: Statement, folder: Path) -> None:
        self.service: Any = service
        self.body = body
        self.statement = statement
        self.folder = folder
        self.lake = Lake(service)
        self.database = (
            (body["QueryExecutionContext"].get("Database") or "default").strip('`"').lower()
        )  # awswrangler quotes it
        self.began: float | None = None  # when it was its turn
        self.scanned, self.planning, self.execution = 0, 0.0, 0.0
        self.parameters = expressions(body["ExecutionParameters"])
        self.sealed = sealed(body["ResultConfiguration"])
        self.manifest = ""
        self.reused = False
        self.question = ""  # which it has answered, for those who ask it again
        self.last: list[Callable[[], None]] = []  # what its success does to the store, in the same commit

    @property
    def id(self) -> str:
        return str(self.body["QueryExecutionId"])

    def work(self) -> None:
        work = WORKS.get(self.statement.kind)
        if work is None:
            self.begin_to_write()
            self.say(ddl.run(self))
        else:
            work(self)

    def begin(self) -> None:
        """It waits for nobody any more. That it runs is told beside, since the work itself need not wait for it; of
        a query that is young yet, whoever watches it tells (`runs.watch`)."""
        if self.began is None:
            self.began = self.service.house.clock()
            submitted = self.body["Status"]["SubmissionDateTime"]
            self.body["Status"]["State"] = "RUNNING"
            if self.began - submitted >= SOON:
                threading.Thread(target=self.show, daemon=True).start()

    def show(self) -> None:
        self.service._show_running(self.id)

    def begin_to_write(self) -> None:
        """From here on others see what the statement does: cut off now, it is not run again."""
        self.began = self.began or self.service.house.clock()
        self.body["Status"]["State"] = "RUNNING"
        self.body["Writing"] = True
        self.service._begin_to_write(self.body)

    def ask(
        self, text: str, output: Output | None = None, parameters: list[str] | None = None, **more: Any
    ) -> Outcome:
        """Run a query in the engine and count what it cost."""
        query = Query(
            text,
            self.database,
            output or Output(self.folder),
            self.parameters if parameters is None else parameters,
            now=self.body["Status"]["SubmissionDateTime"],
            scan_limit=self.body["Cutoff"],
            **more,
        )
        outcome = engine(self.service.house).run(query, self.lake, self.id, self.begin)
        self.scanned += outcome.scanned
        self.planning += outcome.planning
        self.execution += outcome.execution
        self.body["RowCount"] = outcome.rows
        return outcome

    def change(self, operation: str, database: str, name: str, **arguments: Any) -> Outcome:
        """Let the engine do something to an Iceberg table."""
        self.begin_to_write()
        change = Change(
            operation,
            database,
            name,
            self.folder,
            self.statement.query,
            self.database,
            arguments,
            self.parameters,
            self.body["Status"]["SubmissionDateTime"],
        )
        outcome = engine(self.service.house).change(change, self.lake, self.id, self.begin)
        self.scanned += outcome.scanned
        self.execution += outcome.execution
        self.body["RowCount"] = outcome.rows
        return outcome

    def _select(self) -> None:
        self._rows(self.statement.query, None)

    def _rows(self, text: str, parameters: list[str] | None) -> None:
        asked = reuse.question(self, text, parameters)
        if (found := reuse.earlier(self, asked)) is not None:
            self.reused = True
            self.body.update({key: found[key] for key in ("Columns", "RowCount", "ResultConfiguration")})
            return
        outcome = self.ask(text, parameters=parameters)
        columns = [metadata_file.column(each.name, each.type) for each in outcome.columns]
        self.body["Columns"] = columns
        location = self.body["ResultConfiguration"]["OutputLocation"]
        self._keep(metadata_file.encoded(columns), location)
        self.question = asked

    def _keep(self, metadata: bytes, location: str) -> None:
        """The two files of a result; where a commit can carry both, they become objects with the success itself."""
        result, described, kind = (
            self.folder / "result.csv",
            location + ".metadata",
            "application/octet-stream",
        )
        if managed_results.managed(location) or not self._carried(len(metadata), result.stat().st_size):
            self.put_bytes(metadata, described)
            self.put(result, location, kind)
            return
        content = result.read_bytes()
        self.last.append(lambda: self.put_bytes(metadata, described))
        self.last.append(lambda: self._put(location, Body=content, ContentType=kind))

    def _carried(self, *sizes: int) -> bool:
        return max(sizes) <= SMALL and all(map(self.service.store.blobs.carries, sizes))

    def _execute(self) -> None:
        """EXECUTE runs the prepared text as if it had been given, whatever kind of statement that is."""
        kept = self.service.store.records.get(
            PREPARED, self.service.caller.scope, f"{self.body['WorkGroup']}/{self.statement.target[0]}"
        )
        if kept is None:
            raise SqlError("NOT_FOUND", f"Prepared statement not found: {self.statement.target[0]}")
        inner = statements.read(kept["QueryStatement"])
        values = self.statement.columns or self.parameters
        if inner.kind == "SELECT":
            self._rows(inner.query, values)
        else:
            self.statement, self.parameters = inner, values
            self.work()

    def _prepare(self) -> None:
        name, group = self.statement.target[0], self.body["WorkGroup"]
        self.service.store.records.put(
            PREPARED,
            self.service.caller.scope,
            f"{group}/{name}",
            self.service._prepared_body(name, group, self.statement.query, ""),
        )
        self.say([])

    def _deallocate(self) -> None:
        self.service.delete_prepared_statement(
            StatementName=self.statement.target[0], WorkGroup=self.body["WorkGroup"]
        )
        self.say([])

    def _explain(self) -> None:
        """The plan that really runs: DuckDB's. Trino's own plan there is none."""
        asked = explain_options(str(self.statement.properties.get("options", "")))
        if asked["TYPE"] == "VALIDATE":
            self.ask(self.statement.query, Output(self.folder, "nothing"))
            self.say(["true"], [("Valid", "boolean")])
            return
        analyze = "analyze, " if self.statement.flag else ""
        form = "explain analyze" if self.statement.flag else "explain"
        if asked["FORMAT"] == "JSON":
            form = f"explain ({analyze}format json)"
        self.ask(self.statement.query, Output(self.folder, form))
        lines = (self.folder / "plan.txt").read_text().splitlines()
        self.say(lines, [("Query Plan", "varchar")])

    def say(self, lines: list[str], columns: list[tuple[str, str]] | None = None) -> None:
        """Keep what a statement without rows has to say as its text file."""
        named = columns or ddl.COLUMNS.get(self.body["SubstatementType"], [])
        self.body["Columns"] = [metadata_file.column(name, kind, shown="string") for name, kind in named]
        location = self.body["ResultConfiguration"]["OutputLocation"]
        self.put_bytes("".join(f"{line}\n" for line in lines).encode(), location)
        self.put_bytes(metadata_file.encoded(self.body["Columns"]), location + ".metadata")

    def put(self, path: Path, location: str, content_type: str = "binary/octet-stream") -> None:
        """Hand a file over to S3, which moves it; the bytes of a small one ride in the commit."""
        small = path.stat().st_size <= SMALL
        self._put(location, Body=path.read_bytes() if small else path, ContentType=content_type)

    def put_bytes(self, content: bytes, location: str) -> None:
        self._put(location, Body=content)

    def _put(self, location: str, **members: Any) -> None:
        """The bytes are on disk when this returns; that they are an object is, when the statement has ended."""
        if managed_results.managed(location):
            managed_results.keep(self.service.house, location, members["Body"])
            return
        bucket, key = bucket_and_key(location)
        with self.service.store.deferring():
            self.service.other("s3").put_object(Bucket=bucket, Key=key, **members, **self.sealed)


def explain_options(text: str) -> dict[str, str]:
    """FORMAT TEXT | JSON and TYPE LOGICAL | DISTRIBUTED | VALIDATE of an EXPLAIN.

    https://docs.aws.amazon.com/athena/latest/ug/athena-explain-statement.html
    """
    found = {"FORMAT": "TEXT", "TYPE": "DISTRIBUTED"}
    for option in filter(None, (each.split() for each in text.upper().split(","))):
        if len(option) != 2 or option[0] not in found:
            message = f"mismatched input '{' '.join(option)}'. Expecting: 'FORMAT', 'TYPE'"
            raise SqlError("SYNTAX_ERROR", f"line 1:1: {message}")
        found[option[0]] = option[1]
    if found["FORMAT"] not in ("TEXT", "JSON") or found["TYPE"] not in ("LOGICAL", "DISTRIBUTED", "VALIDATE"):
        told = f"EXPLAIN (TYPE {found['TYPE']}, FORMAT {found['FORMAT']})"
        raise SqlError("NOT_SUPPORTED", f"{told} is not supported by Cumulet yet", "engine")
    return found


def sealed(configuration: dict[str, Any]) -> dict[str, str]:
    """What PutObject must be told for the encryption of results."""
    asked = configuration.get("EncryptionConfiguration") or {}
    match asked.get("EncryptionOption"):
        case "SSE_S3":
            return {"ServerSideEncryption": "AES256"}
        case "SSE_KMS":
            key = {"SSEKMSKeyId": asked["KmsKey"]} if asked.get("KmsKey") else {}
            return {"ServerSideEncryption": "aws:kms", **key}
    return {}


WORKS: dict[str, Callable[[Run], None]] = {
    "SELECT": Run._select,
    "CREATE_TABLE_AS_SELECT": create_table_as,
    "INSERT": insert_into,
    "UNLOAD": unload,
    "CREATE_VIEW": views.create,
    "EXECUTE": Run._execute,
    "PREPARE": Run._prepare,
    "DEALLOCATE": Run._deallocate,
    "EXPLAIN": Run._explain,
    "UPDATE": changes.change_rows,
    "DELETE": changes.change_rows,
    "MERGE": changes.change_rows,
    "OPTIMIZE": changes.optimize,
    "VACUUM": changes.vacuum,
}
