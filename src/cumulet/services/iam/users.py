"""Users: people and programs with credentials of their own."""

from __future__ import annotations

from cumulet.services.iam import refusals
from cumulet.services.iam.documents import Documents, boundary_members
from cumulet.services.iam.entities import USER, Body, moment, page, tag_list

UNNAMED = "Must specify userName when calling with non-User credentials"


class Users(Documents):
    def create_user(
        self,
        *,
        UserName: str,
        Path: str = "/",
        PermissionsBoundary: str | None = None,
        Tags: list[Body] | None = None,
    ) -> Body:
        boundary = self._boundary(PermissionsBoundary)
        more: Body = {"boundary": boundary, "attached": [], "inline": {}, "groups": []}
        return {"User": _members(self._create(USER, UserName, Path, Tags, **more))}

    def get_user(self, *, UserName: str | None = None) -> Body:
        """Without a name, the caller's own; the root user has no name."""
        if UserName is None and self.caller.arn.endswith(":root"):
            return {"User": self._root()}
        return {"User": _members(self._find(USER, UserName or self._own_name()))}

    def list_users(self, *, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100) -> Body:
        def show(body: Body) -> Body:
            return {**_members(body), "Tags": None, "PermissionsBoundary": None}

        return page("Users", self._all(USER, PathPrefix), lambda b: b["name"], show, Marker, MaxItems)

    def delete_user(self, *, UserName: str) -> None:
        def change() -> None:
            body = self._find(USER, UserName)
            if body["attached"]:
                raise refusals.conflict("detach all policies")
            if body["inline"]:
                raise refusals.conflict("delete policies")
            if body["groups"]:
                raise refusals.conflict("remove users from group")
            if self.store.credentials.of_principal(body["arn"]):
                raise refusals.conflict("delete access keys")
            self._remove(USER, UserName)

        self.store.atomically(change)

    def put_user_permissions_boundary(self, *, UserName: str, PermissionsBoundary: str) -> None:
        boundary = self._boundary(PermissionsBoundary)
        self._change(USER, UserName, lambda body: body.update(boundary=boundary))

    def delete_user_permissions_boundary(self, *, UserName: str) -> None:
        self._change(USER, UserName, lambda body: body.update(boundary=None))

    def _own_name(self) -> str:
        if ":user/" not in self.caller.arn:
            raise refusals.invalid(UNNAMED)
        return self.caller.arn.rpartition("/")[2]

    def _root(self) -> Body:
        accounts = (body for _, body in self.store.records.list("iam.account", ""))
        created = next(body["created"] for body in accounts if body["id"] == self.caller.account)
        root = {"Path": "/", "UserName": "root", "UserId": self.caller.account, "Arn": self.caller.arn}
        return {**root, "CreateDate": moment(created)}


def _members(body: Body) -> Body:
    boundary = body["boundary"]
    return {
        "Path": body["path"],
        "UserName": body["name"],
        "UserId": body["id"],
        "Arn": body["arn"],
        "CreateDate": moment(body["created"]),
        "PermissionsBoundary": boundary and boundary_members(boundary),
        "Tags": tag_list(body["tags"]),
    }
