"""Work groups: where results go unless the client says otherwise, and limits on queries.

https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.services.athena import managed_results, paging
from cumulet.services.athena.refusals import invalid, no_work_group
from cumulet.services.athena.tags import remember_tags
from cumulet.store.records import RecordExists

KIND = "athena.work_group"
PRIMARY = "primary"
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}
DEFAULTS = {
    "EnforceWorkGroupConfiguration": True,
    "PublishCloudWatchMetricsEnabled": False,
    "RequesterPaysEnabled": False,
}
HONOURED = frozenset(
    {
        "ResultConfiguration",
        "ManagedQueryResultsConfiguration",
        "EnforceWorkGroupConfiguration",
        "PublishCloudWatchMetricsEnabled",
        "BytesScannedCutoffPerQuery",
        "RequesterPaysEnabled",
        "EngineVersion",
        "AdditionalConfiguration",
        "ExecutionRole",
        "EnableMinimumEncryptionConfiguration",
    }
)
LEAST_CUTOFF = 10_000_000


class WorkGroups(Service):
    """`primary` is there from the start; like AWS's it enforces nothing."""

    def create_work_group(
        self,
        *,
        Name: str,
        Configuration: dict[str, Any] | None = None,
        Description: str = "",
        Tags: list[dict[str, str]] | None = None,
    ) -> dict[str, Any]:
        configuration = checked(Configuration or {})
        body = {
            "Name": Name,
            "State": "ENABLED",
            "Description": Description,
            "CreationTime": self.house.clock(),
            "Configuration": {"EngineVersion": ENGINE, **DEFAULTS, **configuration},
        }
        if Name == PRIMARY:
            raise invalid(f"WorkGroup {Name} is already created")
        try:
            self.store.records.create(KIND, self.caller.scope, Name, body)
        except RecordExists:
            raise invalid(f"WorkGroup {Name} is already created") from None
        remember_tags(self, self.arn(f"workgroup/{Name}"), Tags or [])
        return {}

    def get_work_group(self, *, WorkGroup: str) -> dict[str, Any]:
        return {"WorkGroup": self.work_group(WorkGroup)}

    def work_group(self, name: str) -> dict[str, Any]:
        """A work group's record; `primary` exists without one until it is changed."""
        found = self.store.records.get(KIND, self.caller.scope, name)
        if found is None and name == PRIMARY:
            configuration = {
                **DEFAULTS,
                "EnforceWorkGroupConfiguration": False,
                "EngineVersion": ENGINE,
                "ResultConfiguration": {},
            }
            return {"Name": PRIMARY, "State": "ENABLED", "Configuration": configuration}
        if found is None:
            raise no_work_group(name)
        return found

    def list_work_groups(self, *, NextToken: str | None = None, MaxResults: int = 50) -> dict[str, Any]:
        bodies = dict(self.store.records.list(KIND, self.caller.scope))
        bodies.setdefault(PRIMARY, self.work_group(PRIMARY))
        names, token = paging.page(sorted(bodies), MaxResults, NextToken)
        shown = [
            {
                **{k: bodies[n].get(k) for k in ("Name", "State", "Description", "CreationTime")},
                "EngineVersion": bodies[n]["Configuration"]["EngineVersion"],
            }
            for n in names
        ]
        return {"WorkGroups": shown, "NextToken": token}

    def list_engine_versions(self, *, NextToken: str | None = None, MaxResults: int = 10) -> dict[str, Any]:
        """There is one, under two names: never a second page."""
        own = ENGINE["EffectiveEngineVersion"]
        return {"EngineVersions": [ENGINE, {"SelectedEngineVersion": own, "EffectiveEngineVersion": own}]}

    def update_work_group(
        self,
        *,
        WorkGroup: str,
        Description: str | None = None,
        ConfigurationUpdates: dict[str, Any] | None = None,
        State: str | None = None,
    ) -> dict[str, Any]:
        body = self.work_group(WorkGroup)
        if Description is not None:
            body["Description"] = Description
        body["State"] = State or body["State"]
        body["Configuration"] = updated(body["Configuration"], ConfigurationUpdates or {})
        self.store.records.put(KIND, self.caller.scope, WorkGroup, body)
        return {}

    def delete_work_group(self, *, WorkGroup: str, RecursiveDeleteOption: bool = False) -> dict[str, Any]:
        if WorkGroup == PRIMARY:
            raise invalid("Primary WorkGroup cannot be deleted")
        self.work_group(WorkGroup)
        held = [
            (kind, name)
            for kind in ("athena.named_query", "athena.prepared_statement")
            for name, body in self.store.records.list(kind, self.caller.scope)
            if body["WorkGroup"] == WorkGroup
        ]
        if held and not RecursiveDeleteOption:
            raise invalid(f"WorkGroup {WorkGroup} is not empty")

        def change() -> None:
            for kind, name in held:
                self.store.records.delete(kind, self.caller.scope, name)
            self.store.records.delete(KIND, self.caller.scope, WorkGroup)

        self.store.atomically(change)
        return {}


def checked(given: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(given.keys() - HONOURED):
        raise invalid(f"Cumulet does not support {', '.join(unknown)} of a work group")
    managed_results.check_configuration(given)
    if (cutoff := given.get("BytesScannedCutoffPerQuery")) is not None and cutoff < LEAST_CUTOFF:
        raise invalid(f"BytesScannedCutoffPerQuery must be at least {LEAST_CUTOFF}")
    version = given.get("EngineVersion", {}).get("SelectedEngineVersion", "AUTO")
    if version not in ("AUTO", "Athena engine version 3"):
        raise invalid(f"The engine version {version} is not supported: Cumulet has Athena engine version 3")
    chosen = (
        {"EngineVersion": {**ENGINE, "SelectedEngineVersion": version}} if "EngineVersion" in given else {}
    )
    return {**given, **chosen}


def updated(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The configuration after UpdateWorkGroup, whose Remove... members take things away."""
    changes = dict(changes)
    result = dict(old.get("ResultConfiguration") or {})
    for key, value in (changes.pop("ResultConfigurationUpdates", None) or {}).items():
        if key.startswith("Remove"):
            if value:
                result.pop(key.removeprefix("Remove"), None)
        else:
            result[key] = value
    new = {**old, "ResultConfiguration": result}
    if managed := changes.pop("ManagedQueryResultsConfigurationUpdates", None):
        new[managed_results.MEMBER] = managed_updated(old.get(managed_results.MEMBER) or {}, managed)
        managed_results.check_configuration(new)
    if changes.pop("RemoveBytesScannedCutoffPerQuery", False):
        new.pop("BytesScannedCutoffPerQuery", None)
    return {**new, **checked(changes)}


def managed_updated(old: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    new = {**old, **changes}
    if new.pop("RemoveEncryptionConfiguration", False):
        new.pop("EncryptionConfiguration", None)
    return new
