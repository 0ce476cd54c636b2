"""Tags of scalable targets, found by their ARN.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.application_autoscaling.targets import TAGS, TARGET, Targets
from cumulet.wire.errors import AwsError

MOST = 50


class Tags(Targets):
    def list_tags_for_resource(self, *, ResourceARN: str) -> dict[str, Any]:
        return {"Tags": self._tags(ResourceARN)}

    def tag_resource(self, *, ResourceARN: str, Tags: dict[str, str]) -> dict[str, Any]:
        told = self._tags(ResourceARN) | Tags
        if len(told) > MOST:
            raise AwsError("TooManyTagsException", f"{ResourceARN} would have more than {MOST} tags.")
        self.store.records.put(TAGS, self.caller.scope, ResourceARN, told)
        return {}

    def untag_resource(self, *, ResourceARN: str, TagKeys: list[str]) -> dict[str, Any]:
        told = {key: value for key, value in self._tags(ResourceARN).items() if key not in TagKeys}
        self.store.records.put(TAGS, self.caller.scope, ResourceARN, told)
        return {}

    def _tags(self, arn: str) -> dict[str, str]:
        targets = self.store.records.list(TARGET, self.caller.scope)
        if not any(body["ScalableTargetARN"] == arn for _, body in targets):
            raise AwsError("ResourceNotFoundException", f"No scalable target {arn}.")
        return self.store.records.get(TAGS, self.caller.scope, arn) or {}
