"""Instance profiles: the wrapping in which a machine is given its role."""

from __future__ import annotations

from cumulet.services.iam import refusals
from cumulet.services.iam.entities import INSTANCE_PROFILE, ROLE, Body, Entities, moment, page, tag_list
from cumulet.services.iam.roles import role_members
from cumulet.wire.errors import AwsError


class InstanceProfiles(Entities):
    def create_instance_profile(
        self, *, InstanceProfileName: str, Path: str = "/", Tags: list[Body] | None = None
    ) -> Body:
        body = self._create(INSTANCE_PROFILE, InstanceProfileName, Path, Tags, roles=[])
        return {"InstanceProfile": self._profile(body)}

    def get_instance_profile(self, *, InstanceProfileName: str) -> Body:
        return {"InstanceProfile": self._profile(self._find(INSTANCE_PROFILE, InstanceProfileName))}

    def list_instance_profiles(self, *, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100) -> Body:
        return self._profiles(self._all(INSTANCE_PROFILE, PathPrefix), Marker, MaxItems)

    def list_instance_profiles_for_role(
        self, *, RoleName: str, Marker: str = "", MaxItems: int = 100
    ) -> Body:
        role = self._find(ROLE, RoleName)["name"]
        found = [body for body in self._all(INSTANCE_PROFILE) if role in body["roles"]]
        return self._profiles(found, Marker, MaxItems)

    def add_role_to_instance_profile(self, *, InstanceProfileName: str, RoleName: str) -> None:
        """One role at most, and adding it twice is refused: both as on AWS."""

        def change(body: Body) -> None:
            role = self._find(ROLE, RoleName)["name"]
            if body["roles"]:
                raise refusals.limit("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
            body["roles"].append(role)

        self._change(INSTANCE_PROFILE, InstanceProfileName, change)

    def remove_role_from_instance_profile(self, *, InstanceProfileName: str, RoleName: str) -> None:
        def change(body: Body) -> None:
            kept = [name for name in body["roles"] if name.lower() != RoleName.lower()]
            if len(kept) == len(body["roles"]):
                text = f"The role with name {RoleName} is not in instance profile {InstanceProfileName}."
                raise AwsError("NoSuchEntity", text)
            body["roles"] = kept

        self._change(INSTANCE_PROFILE, InstanceProfileName, change)

    def delete_instance_profile(self, *, InstanceProfileName: str) -> None:
        def change() -> None:
            if self._find(INSTANCE_PROFILE, InstanceProfileName)["roles"]:
                raise refusals.conflict("remove roles from instance profile")
            self._remove(INSTANCE_PROFILE, InstanceProfileName)

        self.store.atomically(change)

    def _profiles(self, found: list[Body], marker: str, limit: int) -> Body:
        return page("InstanceProfiles", found, lambda b: b["name"], self._profile, marker, limit)

    def _profile(self, body: Body) -> Body:
        return {
            "Path": body["path"],
            "InstanceProfileName": body["name"],
            "InstanceProfileId": body["id"],
            "Arn": body["arn"],
            "CreateDate": moment(body["created"]),
            "Roles": [role_members(self._find(ROLE, name)) for name in body["roles"]],
            "Tags": tag_list(body["tags"]),
        }
