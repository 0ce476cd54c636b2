"""Roles: what a service, or somebody else, may become for a while, if the role's trust policy lets them."""

from __future__ import annotations

from typing import Any

from cumulet.services.iam import protected, refusals
from cumulet.services.iam.documents import Documents, boundary_members
from cumulet.services.iam.entities import (
    INSTANCE_PROFILE,
    ROLE,
    Body,
    checked,
    encoded,
    moment,
    page,
    tag_list,
)

HOUR = 3600
TRUST_SIZE = 2048


class Roles(Documents):
    def create_role(
        self,
        *,
        RoleName: str,
        AssumeRolePolicyDocument: str,
        Path: str = "/",
        Description: str | None = None,
        MaxSessionDuration: int = HOUR,
        PermissionsBoundary: str | None = None,
        Tags: list[Body] | None = None,
    ) -> Body:
        trust = checked(AssumeRolePolicyDocument, "trust", TRUST_SIZE)
        more: Body = {
            "trust": trust,
            "description": Description,
            "longest": MaxSessionDuration,
            "boundary": self._boundary(PermissionsBoundary),
            "attached": [],
            "inline": {},
        }
        return {"Role": role_members(self._create(ROLE, RoleName, Path, Tags, **more))}

    def get_role(self, *, RoleName: str) -> Body:
        """With RoleLastUsed, which is empty for a role that nobody has assumed yet."""
        body = self._find(ROLE, RoleName)
        return {"Role": {**role_members(body), "RoleLastUsed": _last_used(body)}}

    def list_roles(self, *, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100) -> Body:
        def show(body: Body) -> Body:
            return {**role_members(body), "Tags": None, "PermissionsBoundary": None}

        return page("Roles", self._all(ROLE, PathPrefix), lambda b: b["name"], show, Marker, MaxItems)

    def update_role(
        self, *, RoleName: str, Description: str | None = None, MaxSessionDuration: int = HOUR
    ) -> Body:
        def change(body: Body) -> None:
            if Description is not None:
                body["description"] = Description
            body["longest"] = MaxSessionDuration

        self._change(ROLE, RoleName, change)
        return {}

    def update_role_description(self, *, RoleName: str, Description: str) -> Body:
        return {
            "Role": role_members(self._change(ROLE, RoleName, lambda b: b.update(description=Description)))
        }

    def update_assume_role_policy(self, *, RoleName: str, PolicyDocument: str) -> None:
        trust = checked(PolicyDocument, "trust", TRUST_SIZE)
        self._change(ROLE, RoleName, lambda body: body.update(trust=trust))

    def put_role_permissions_boundary(self, *, RoleName: str, PermissionsBoundary: str) -> None:
        if protected.is_administrator(ROLE, RoleName):
            raise protected.refusal("it has no boundary")
        boundary = self._boundary(PermissionsBoundary)
        self._change(ROLE, RoleName, lambda body: body.update(boundary=boundary))

    def delete_role_permissions_boundary(self, *, RoleName: str) -> None:
        self._change(ROLE, RoleName, lambda body: body.update(boundary=None))

    def trust_of(self, name: str) -> Body:
        """What STS asks before somebody becomes this role. No operation of AWS."""
        body = self._find(ROLE, name)
        known = {"RoleName": body["name"], "RoleId": body["id"], "Arn": body["arn"]}
        return {**known, "Trust": body["trust"], "MaxSessionDuration": body["longest"]}

    def role_assumed(self, name: str) -> None:
        """Somebody became this role: told by STS, for RoleLastUsed. No operation of AWS."""
        used = {"at": self.house.clock(), "region": self.caller.region}
        self._change(ROLE, name, lambda body: body.update(used=used))

    def delete_role(self, *, RoleName: str) -> None:
        """Sessions of a deleted role end with it."""

        def change() -> None:
            body = self._find(ROLE, RoleName)
            if protected.is_administrator(ROLE, RoleName):
                raise protected.refusal("it cannot be deleted")
            if body["attached"]:
                raise refusals.conflict("detach all policies")
            if body["inline"]:
                raise refusals.conflict("delete policies")
            if any(body["name"] in profile["roles"] for profile in self._all(INSTANCE_PROFILE)):
                raise refusals.conflict("remove roles from instance profile")
            self._remove(ROLE, RoleName)
            self.other("sts").forget_sessions(body["id"])

        self.store.atomically(change)


def role_members(body: Body) -> Body:
    boundary = body["boundary"]
    return {
        "Path": body["path"],
        "RoleName": body["name"],
        "RoleId": body["id"],
        "Arn": body["arn"],
        "CreateDate": moment(body["created"]),
        "AssumeRolePolicyDocument": encoded(body["trust"]),
        "Description": body["description"],
        "MaxSessionDuration": body["longest"],
        "PermissionsBoundary": boundary and boundary_members(boundary),
        "Tags": tag_list(body["tags"]),
    }


def _last_used(body: Body) -> dict[str, Any]:
    used = body.get("used")
    return {"LastUsedDate": moment(used["at"]), "Region": used["region"]} if used else {}
