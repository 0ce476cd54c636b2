"""Tags on roles, users, policies and instance profiles."""

from __future__ import annotations

from cumulet.services.iam.documents import Documents
from cumulet.services.iam.entities import INSTANCE_PROFILE, POLICY, ROLE, USER, Body, page, tagged


class Tags(Documents):
    def tag_role(self, *, RoleName: str, Tags: list[Body]) -> None:
        self._tag(ROLE, RoleName, Tags)

    def tag_user(self, *, UserName: str, Tags: list[Body]) -> None:
        self._tag(USER, UserName, Tags)

    def tag_policy(self, *, PolicyArn: str, Tags: list[Body]) -> None:
        self._tag(POLICY, self._managed(PolicyArn)["name"], Tags)

    def tag_instance_profile(self, *, InstanceProfileName: str, Tags: list[Body]) -> None:
        self._tag(INSTANCE_PROFILE, InstanceProfileName, Tags)

    def untag_role(self, *, RoleName: str, TagKeys: list[str]) -> None:
        self._untag(ROLE, RoleName, TagKeys)

    def untag_user(self, *, UserName: str, TagKeys: list[str]) -> None:
        self._untag(USER, UserName, TagKeys)

    def untag_policy(self, *, PolicyArn: str, TagKeys: list[str]) -> None:
        self._untag(POLICY, self._managed(PolicyArn)["name"], TagKeys)

    def untag_instance_profile(self, *, InstanceProfileName: str, TagKeys: list[str]) -> None:
        self._untag(INSTANCE_PROFILE, InstanceProfileName, TagKeys)

    def list_role_tags(self, *, RoleName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return _page(self._find(ROLE, RoleName), Marker, MaxItems)

    def list_user_tags(self, *, UserName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return _page(self._find(USER, UserName), Marker, MaxItems)

    def list_policy_tags(self, *, PolicyArn: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return _page(self._managed(PolicyArn), Marker, MaxItems)

    def list_instance_profile_tags(
        self, *, InstanceProfileName: str, Marker: str = "", MaxItems: int = 100
    ) -> Body:
        return _page(self._find(INSTANCE_PROFILE, InstanceProfileName), Marker, MaxItems)

    def _tag(self, kind: str, name: str, tags: list[Body]) -> None:
        self._change(kind, name, lambda body: body.update(tags=tagged(body["tags"], tags)))

    def _untag(self, kind: str, name: str, keys: list[str]) -> None:
        def change(body: Body) -> None:
            body["tags"] = {key: value for key, value in body["tags"].items() if key not in keys}

        self._change(kind, name, change)


def _page(body: Body, marker: str, limit: int) -> Body:
    def show(tag: tuple[str, str]) -> Body:
        return {"Key": tag[0], "Value": tag[1]}

    return page("Tags", body["tags"].items(), lambda tag: tag[0], show, marker, limit)
