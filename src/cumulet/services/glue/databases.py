"""Databases: the folders of the catalog."""

from __future__ import annotations

from typing import Any

from cumulet.services.glue import paging
from cumulet.services.glue.catalog import DATABASE, FUNCTION, TABLE, VERSION, Catalog, folded, key, remembered
from cumulet.services.glue.refusals import invalid, missing, taken
from cumulet.services.glue.tags import TaggedResources
from cumulet.store.records import RecordExists

PAGE = 100
EVERYONE = [{"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}]


class Databases(TaggedResources, Catalog):
    def create_database(
        self,
        *,
        DatabaseInput: dict[str, Any],
        CatalogId: str | None = None,
        Tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        self._own(CatalogId)
        name = folded(DatabaseInput["Name"])
        self._check_database_link(name, DatabaseInput.get("TargetDatabase"))
        body = {
            "CreateTableDefaultPermissions": EVERYONE,
            **remembered(DatabaseInput),
            "Name": name,
            "CreateTime": self.house.clock(),
        }

        def change() -> None:
            self.store.records.create(DATABASE, self.caller.scope, name, body)
            self._tag(f"database/{name}", Tags)

        try:
            self.store.atomically(change)
        except RecordExists:
            raise taken("Database", f"{name}") from None
        return {}

    def get_database(self, *, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        self._own(CatalogId)
        return {"Database": self._shown(self._database(Name))}

    def get_databases(
        self,
        *,
        CatalogId: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = PAGE,
        ResourceShareType: str | None = None,
        AttributesToGet: list[str] | None = None,
    ) -> dict[str, Any]:
        """All are the account's own, so a list of what others share (FOREIGN, FEDERATED) is empty."""
        self._own(CatalogId)
        if ResourceShareType in ("FOREIGN", "FEDERATED"):
            return {"DatabaseList": []}
        found = self.store.records.list(
            DATABASE, self.caller.scope, after=paging.after(NextToken), limit=MaxResults + 1
        )
        return paging.page(
            found,
            MaxResults,
            "DatabaseList",
            lambda one: one[0],
            lambda one: self._shown(one[1], AttributesToGet),
        )

    def update_database(
        self, *, Name: str, DatabaseInput: dict[str, Any], CatalogId: str | None = None
    ) -> dict[str, Any]:
        """Replaces the definition, of a link its target's. AWS does not rename databases, so the two names
        must agree."""
        self._own(CatalogId)
        if folded(DatabaseInput["Name"]) != folded(Name):
            raise invalid(f"Database {Name} cannot be renamed to {DatabaseInput['Name']}.")

        def change(body: dict[str, Any]) -> dict[str, Any]:
            kept = {member: body[member] for member in ("CreateTime", "CreateTableDefaultPermissions")}
            return {**kept, **remembered(DatabaseInput), "Name": body["Name"]}

        home = self._home(folded(Name))
        if self.store.records.update(DATABASE, self.caller.scope, home, change) is None:
            raise missing("Database", Name)
        return {}

    def delete_database(self, *, Name: str, CatalogId: str | None = None) -> dict[str, Any]:
        """Takes its tables, their versions and partitions, and its functions with it; the data they describe
        stays. Of a link only the link goes."""
        self._own(CatalogId)
        name = folded(Name)

        def change() -> None:
            if not self.store.records.delete(DATABASE, self.caller.scope, name):
                raise missing("Database", Name)
            for _, table in self.store.records.list(TABLE, self.caller.scope, prefix=key(name, "")):
                self._forget_parts(table)
            for kind in (TABLE, VERSION, FUNCTION):
                self.store.records.delete_under(kind, self.caller.scope, key(name, ""))
            self._untag(f"database/{name}")

        self.store.atomically(change)
        return {}

    def _check_database_link(self, name: str, target: dict[str, Any] | None) -> None:
        if not target:
            return
        found = self._followed(target)["DatabaseName"].lower()
        if found == name or self._home(found) != found:
            raise invalid(f"Database {name} would be a link through a link.")

    def _shown(self, body: dict[str, Any], attributes: list[str] | None = None) -> dict[str, Any]:
        """A link is shown with its target's properties, as long as there is one."""
        if body.get("TargetDatabase"):
            target = self.store.records.get(DATABASE, self.caller.scope, self._home(body["Name"]))
            body = {**(target or {}), **body}
        if attributes:
            chosen = {"NAME": "Name", "TARGET_DATABASE": "TargetDatabase"}
            return {chosen[a]: body[chosen[a]] for a in attributes if chosen[a] in body}
        return {**body, "CatalogId": self.caller.account}
