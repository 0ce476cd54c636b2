"""Log groups."""

from __future__ import annotations

from typing import Any

from cumulet.services.logs.journals import GROUP, Journals, group_of, token, told
from cumulet.store.records import RecordExists
from cumulet.wire.errors import AwsError, NotImplementedByCumulet


class Groups(Journals):
    def create_log_group(
        self, *, logGroupName: str, tags: dict[str, str] | None = None, logGroupClass: str = "STANDARD"
    ) -> None:
        if logGroupClass != "STANDARD":
            raise NotImplementedByCumulet(f"logs:create_log_group with logGroupClass {logGroupClass}")
        body = {"created": self.now(), "tags": tags or {}}
        try:
            self.store.records.create(GROUP, self.caller.scope, logGroupName, body)
        except RecordExists:
            raise AwsError(
                "ResourceAlreadyExistsException", "The specified log group already exists"
            ) from None

    def delete_log_group(self, *, logGroupName: str) -> None:
        def change() -> None:
            self.group(logGroupName)
            self.store.lines.delete(self.journal(logGroupName))
            self.store.records.delete(GROUP, self.caller.scope, logGroupName)

        self.store.atomically(change)

    def describe_log_groups(
        self,
        *,
        logGroupNamePrefix: str = "",
        logGroupNamePattern: str = "",
        logGroupIdentifiers: list[str] | None = None,
        logGroupClass: str = "STANDARD",
        nextToken: str = "",
        limit: int = 50,
    ) -> dict[str, Any]:
        """In the order of their names. A pattern is a part of the name, without regard to case."""
        if logGroupNamePrefix and logGroupNamePattern:
            raise AwsError(
                "InvalidParameterException", "logGroupNamePrefix and logGroupNamePattern exclude each other."
            )
        after = told("groups", nextToken, str)[0] if nextToken else ""
        names = None if logGroupIdentifiers is None else set(map(group_of, logGroupIdentifiers))
        found = [
            (name, body)
            for name, body in self.store.records.list(
                GROUP, self.caller.scope, prefix=logGroupNamePrefix, after=after
            )
            if logGroupNamePattern.lower() in name.lower() and (names is None or name in names)
            if logGroupClass == "STANDARD"
        ]
        page = {"logGroups": [self._told(name, body) for name, body in found[:limit]]}
        return page | ({"nextToken": token("groups", found[limit - 1][0])} if len(found) > limit else {})

    def _told(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "logGroupName": name,
            "creationTime": body["created"],
            "retentionInDays": body.get("retention"),
            "metricFilterCount": 0,
            "arn": self.group_arn(name) + ":*",
            "logGroupArn": self.group_arn(name),
            "logGroupClass": "STANDARD",
            "storedBytes": self.store.lines.size(self.journal(name)),
        }
