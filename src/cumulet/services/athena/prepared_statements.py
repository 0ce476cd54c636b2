"""Prepared statements, made by PREPARE or by call, run by EXECUTE ... USING.

https://docs.aws.amazon.com/athena/latest/ug/querying-with-prepared-statements.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.athena import paging
from cumulet.services.athena.refusals import invalid, not_found
from cumulet.store.records import RecordExists

KIND = "athena.prepared_statement"


class PreparedStatements(Service):
    """Names are unique within a work group."""

    def create_prepared_statement(
        self, *, StatementName: str, WorkGroup: str, QueryStatement: str, Description: str = ""
    ) -> dict[str, Any]:
        try:
            self.store.records.create(
                KIND,
                self.caller.scope,
                self._key(WorkGroup, StatementName),
                self._prepared_body(StatementName, WorkGroup, QueryStatement, Description),
            )
        except RecordExists:
            raise invalid(
                f"PreparedStatement {StatementName} already exists in WorkGroup {WorkGroup}"
            ) from None
        return {}

    def get_prepared_statement(self, *, StatementName: str, WorkGroup: str) -> dict[str, Any]:
        return {"PreparedStatement": shown(self.prepared_statement(WorkGroup, StatementName))}

    def prepared_statement(self, work_group: str, name: str) -> dict[str, Any]:
        found = self.store.records.get(KIND, self.caller.scope, self._key(work_group, name))
        if found is None:
            raise not_found(f"PreparedStatement {name} was not found in workGroup {work_group}", name)
        return found

    def batch_get_prepared_statement(
        self, *, PreparedStatementNames: list[str], WorkGroup: str
    ) -> dict[str, Any]:
        found = {
            each: self.store.records.get(KIND, self.caller.scope, self._key(WorkGroup, each))
            for each in PreparedStatementNames
        }
        missing = [
            {
                "StatementName": each,
                "ErrorCode": "STATEMENT_NOT_FOUND",
                "ErrorMessage": f"PreparedStatement {each} was not found",
            }
            for each, body in found.items()
            if body is None
        ]
        return {
            "PreparedStatements": [shown(body) for body in found.values() if body],
            "UnprocessedPreparedStatementNames": missing,
        }

    def list_prepared_statements(
        self, *, WorkGroup: str, NextToken: str | None = None, MaxResults: int = 50
    ) -> dict[str, Any]:
        bodies = {
            b["StatementName"]: b
            for _, b in self.store.records.list(KIND, self.caller.scope, prefix=self._key(WorkGroup, ""))
        }
        names, token = paging.page(sorted(bodies), MaxResults, NextToken)
        listed = [
            {"StatementName": name, "LastModifiedTime": bodies[name]["LastModifiedTime"]} for name in names
        ]
        return {"PreparedStatements": listed, "NextToken": token}

    def update_prepared_statement(
        self, *, StatementName: str, WorkGroup: str, QueryStatement: str, Description: str = ""
    ) -> dict[str, Any]:
        self.prepared_statement(WorkGroup, StatementName)
        self.store.records.put(
            KIND,
            self.caller.scope,
            self._key(WorkGroup, StatementName),
            self._prepared_body(StatementName, WorkGroup, QueryStatement, Description),
        )
        return {}

    def delete_prepared_statement(self, *, StatementName: str, WorkGroup: str) -> dict[str, Any]:
        self.prepared_statement(WorkGroup, StatementName)
        self.store.records.delete(KIND, self.caller.scope, self._key(WorkGroup, StatementName))
        return {}

    def _key(self, work_group: str, name: str) -> str:
        return f"{work_group}/{name}"

    def _prepared_body(self, name: str, work_group: str, text: str, description: str) -> dict[str, Any]:
        look: Any = self
        look.work_group(work_group)
        return {
            "StatementName": name,
            "WorkGroup": work_group,
            "QueryStatement": text,
            "Description": description,
            "LastModifiedTime": self.house.clock(),
        }


def shown(body: dict[str, Any]) -> dict[str, Any]:
    return {
        **{key: value for key, value in body.items() if key != "WorkGroup"},
        "WorkGroupName": body["WorkGroup"],
    }
