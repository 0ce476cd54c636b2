"""Tags of log groups, by ARN and by the older operations that name the group."""

from __future__ import annotations

from typing import Any

from cumulet.services.logs.journals import Journals, group_of
from cumulet.wire.errors import AwsError

MOST = 50


class Tags(Journals):
    def tag_resource(self, *, resourceArn: str, tags: dict[str, str]) -> None:
        self.tag_log_group(logGroupName=group_of(resourceArn), tags=tags)

    def untag_resource(self, *, resourceArn: str, tagKeys: list[str]) -> None:
        self.untag_log_group(logGroupName=group_of(resourceArn), tags=tagKeys)

    def list_tags_for_resource(self, *, resourceArn: str) -> dict[str, Any]:
        return self.list_tags_log_group(logGroupName=group_of(resourceArn))

    def tag_log_group(self, *, logGroupName: str, tags: dict[str, str]) -> None:
        def change() -> None:
            together = self.group(logGroupName)["tags"] | tags
            if len(together) > MOST:
                raise AwsError("TooManyTagsException", f"A log group can have {MOST} tags.")
            self.change_group(logGroupName, tags=together)

        self.store.atomically(change)

    def untag_log_group(self, *, logGroupName: str, tags: list[str]) -> None:
        def change() -> None:
            left = {key: value for key, value in self.group(logGroupName)["tags"].items() if key not in tags}
            self.change_group(logGroupName, tags=left)

        self.store.atomically(change)

    def list_tags_log_group(self, *, logGroupName: str) -> dict[str, Any]:
        return {"tags": self.group(logGroupName)["tags"]}
