"""Named queries: texts kept for later."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from cumulet.services import Service
from cumulet.services.athena import paging
from cumulet.services.athena.refusals import invalid
from cumulet.services.athena.work_groups import PRIMARY

KIND = "athena.named_query"


class NamedQueries(Service):
    def create_named_query(
        self,
        *,
        Name: str,
        Database: str,
        QueryString: str,
        Description: str = "",
        ClientRequestToken: str | None = None,
        WorkGroup: str = PRIMARY,
    ) -> dict[str, Any]:
        """The same token gives the same query again."""
        look: Any = self
        look.work_group(WorkGroup)
        found = (
            uuid.UUID(bytes=hashlib.sha256(ClientRequestToken.encode()).digest()[:16])
            if ClientRequestToken
            else uuid.uuid4()
        )
        body = {
            "Name": Name,
            "Database": Database,
            "QueryString": QueryString,
            "Description": Description,
            "NamedQueryId": str(found),
            "WorkGroup": WorkGroup,
        }
        old = self.store.records.get(KIND, self.caller.scope, str(found))
        if old is not None and old != body:
            raise invalid("Idempotent parameters do not match")
        self.store.records.put(KIND, self.caller.scope, str(found), body)
        return {"NamedQueryId": str(found)}

    def get_named_query(self, *, NamedQueryId: str) -> dict[str, Any]:
        return {"NamedQuery": self._named_query(NamedQueryId)}

    def batch_get_named_query(self, *, NamedQueryIds: list[str]) -> dict[str, Any]:
        found = {each: self.store.records.get(KIND, self.caller.scope, each) for each in NamedQueryIds}
        missing = [
            {"NamedQueryId": each, "ErrorCode": "INTERNAL_FAILURE", "ErrorMessage": "Named query not found"}
            for each, body in found.items()
            if body is None
        ]
        return {
            "NamedQueries": [body for body in found.values() if body],
            "UnprocessedNamedQueryIds": missing,
        }

    def list_named_queries(
        self, *, NextToken: str | None = None, MaxResults: int = 50, WorkGroup: str = PRIMARY
    ) -> dict[str, Any]:
        names = [
            name
            for name, body in self.store.records.list(KIND, self.caller.scope)
            if body["WorkGroup"] == WorkGroup
        ]
        found, token = paging.page(names, MaxResults, NextToken)
        return {"NamedQueryIds": found, "NextToken": token}

    def update_named_query(
        self, *, NamedQueryId: str, Name: str, QueryString: str, Description: str = ""
    ) -> dict[str, Any]:
        body = {
            **self._named_query(NamedQueryId),
            "Name": Name,
            "QueryString": QueryString,
            "Description": Description,
        }
        self.store.records.put(KIND, self.caller.scope, NamedQueryId, body)
        return {}

    def delete_named_query(self, *, NamedQueryId: str) -> dict[str, Any]:
        self.store.records.delete(KIND, self.caller.scope, NamedQueryId)
        return {}

    def _named_query(self, name: str) -> dict[str, Any]:
        found = self.store.records.get(KIND, self.caller.scope, name)
        if found is None:
            raise invalid(f"NamedQuery {name} was not found")
        return found
