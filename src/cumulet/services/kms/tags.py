"""Tags on keys."""

from __future__ import annotations

from cumulet.services.kms.found import Body, FoundKeys, page
from cumulet.wire.errors import AwsError

MOST = 50


class Tags(FoundKeys):
    def tag_resource(self, *, KeyId: str, Tags: list[Body]) -> None:
        def change(body: Body) -> None:
            body["tags"].update({tag["TagKey"]: tag["TagValue"] for tag in Tags})
            if any(key.lower().startswith("aws:") for key in body["tags"]):
                raise AwsError("TagException", "Tag keys that begin with aws: are AWS's own.")
            if len(body["tags"]) > MOST:
                raise AwsError("LimitExceededException", f"A key has {MOST} tags at most.")

        self._change(KeyId, "TagResource", change)

    def untag_resource(self, *, KeyId: str, TagKeys: list[str]) -> None:
        def change(body: Body) -> None:
            body["tags"] = {key: value for key, value in body["tags"].items() if key not in TagKeys}

        self._change(KeyId, "UntagResource", change)

    def list_resource_tags(self, *, KeyId: str, Limit: int = 50, Marker: str = "") -> Body:
        found = sorted(self._key(KeyId, "ListResourceTags")["tags"].items())
        return page("Tags", found, lambda name, value: {"TagKey": name, "TagValue": value}, Marker, Limit)
