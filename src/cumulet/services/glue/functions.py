"""User-defined functions of a database: kept for the engines that know Hive's, which Athena is not one of."""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging, patterns
from cumulet.services.glue.catalog import FUNCTION, Catalog, folded, key, remembered
from cumulet.services.glue.refusals import invalid, missing, taken

Members = dict[str, Any]
PAGE = 100


class UserDefinedFunctions(Catalog):
    def create_user_defined_function(
        self, *, DatabaseName: str, FunctionInput: Members, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        if "FunctionName" not in FunctionInput:
            raise invalid("FunctionInput needs a FunctionName.")
        home = self._home(DatabaseName)
        body = {**remembered(FunctionInput), "DatabaseName": home, "CreateTime": self.house.clock()}

        def change() -> None:
            self._database(home)
            self._put_function(home, body)

        self.store.atomically(change)
        return {}

    def get_user_defined_function(
        self, *, DatabaseName: str, FunctionName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        return {"UserDefinedFunction": self._shown_function(self._function(DatabaseName, FunctionName))}

    def get_user_defined_functions(
        self,
        *,
        Pattern: str,
        DatabaseName: str | None = None,
        FunctionType: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE,
        CatalogId: str | None = None,
    ) -> dict[str, Any]:
        """Of all databases, where none is named."""
        self._own(CatalogId)
        if DatabaseName is not None:
            self._database(DatabaseName)
        prefix = "" if DatabaseName is None else key(self._home(DatabaseName), "")
        last = paging.after(NextToken)
        found = self.store.records.list(FUNCTION, self.caller.scope, prefix=prefix, after=last)
        matches = patterns.matching(Pattern, {body["FunctionName"] for _, body in found})
        found = [
            one
            for one in found
            if one[1]["FunctionName"] in matches and FunctionType in (None, one[1].get("FunctionType"))
        ]
        member = "UserDefinedFunctions"
        return paging.page(
            found, MaxResults, member, lambda one: one[0], lambda one: self._shown_function(one[1])
        )

    def update_user_defined_function(
        self, *, DatabaseName: str, FunctionName: str, FunctionInput: Members, CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Replaces the definition; another name in it renames the function."""
        self._own(CatalogId)

        def change() -> None:
            old = self._function(DatabaseName, FunctionName)
            kept = {member: old[member] for member in ("FunctionName", "DatabaseName", "CreateTime")}
            home = old["DatabaseName"]
            self.store.records.delete(FUNCTION, self.caller.scope, function_name(home, FunctionName))
            self._put_function(home, {**kept, **remembered(FunctionInput)})

        self.store.atomically(change)
        return {}

    def delete_user_defined_function(
        self, *, DatabaseName: str, FunctionName: str, CatalogId: str | None = None
    ) -> dict[str, Any]:
        self._own(CatalogId)
        name = function_name(self._home(DatabaseName), FunctionName)
        if not self.store.records.delete(FUNCTION, self.caller.scope, name):
            raise missing("Function", f"{DatabaseName}.{FunctionName}")
        return {}

    def _function(self, database: str, name: str) -> dict[str, Any]:
        record = function_name(self._home(database), name)
        body = self.store.records.get(FUNCTION, self.caller.scope, record)
        if body is None:
            self._database(database)
            raise missing("Function", f"{database}.{name}")
        return body

    def _put_function(self, database: str, body: Members) -> None:
        name = function_name(database, body["FunctionName"])
        if self.store.records.get(FUNCTION, self.caller.scope, name):
            raise taken("Function", f"{database}.{body['FunctionName']}")
        self.store.records.put(FUNCTION, self.caller.scope, name, body)

    def _shown_function(self, body: Members) -> Members:
        return {**body, "CatalogId": self.caller.account}


def function_name(database: str, name: str) -> str:
    return key(database, folded(name))
