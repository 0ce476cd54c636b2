"""Tags of alarms and dashboards, by ARN."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.wire.errors import AwsError

KIND = "cloudwatch.tags"
MOST = 50


class Tags(Service):
    def tag_resource(self, *, ResourceARN: str, Tags: list[dict[str, str]]) -> None:
        together = self._tags(ResourceARN) | {tag["Key"]: tag["Value"] for tag in Tags}
        if len(together) > MOST:
            raise AwsError("InvalidParameterValue", f"A resource can have {MOST} tags.")
        self.store.records.put(KIND, self.caller.scope, ResourceARN, together)

    def untag_resource(self, *, ResourceARN: str, TagKeys: list[str]) -> None:
        left = {key: value for key, value in self._tags(ResourceARN).items() if key not in TagKeys}
        self.store.records.put(KIND, self.caller.scope, ResourceARN, left)

    def list_tags_for_resource(self, *, ResourceARN: str) -> dict[str, Any]:
        return {"Tags": [{"Key": key, "Value": value} for key, value in self._tags(ResourceARN).items()]}

    def _tags(self, arn: str) -> dict[str, str]:
        found = self.store.records.get(KIND, self.caller.scope, arn)
        if found is None:
            raise AwsError("ResourceNotFoundException", f"The resource {arn} does not exist.", status=404)
        return found
