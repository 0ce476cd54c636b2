"""Groups: users who share policies."""

from __future__ import annotations

from cumulet.services.iam import refusals
from cumulet.services.iam.documents import Documents
from cumulet.services.iam.entities import GROUP, USER, Body, moment, page
from cumulet.services.iam.users import _members as user_members


class Groups(Documents):
    def create_group(self, *, GroupName: str, Path: str = "/") -> Body:
        return {"Group": _members(self._create(GROUP, GroupName, Path, None, attached=[], inline={}))}

    def get_group(self, *, GroupName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        group = self._find(GROUP, GroupName)
        users = page("Users", self._users_in(group), lambda b: b["name"], user_members, Marker, MaxItems)
        return {"Group": _members(group), **users}

    def list_groups(self, *, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100) -> Body:
        return page("Groups", self._all(GROUP, PathPrefix), lambda b: b["name"], _members, Marker, MaxItems)

    def list_groups_for_user(self, *, UserName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        groups = [self._find(GROUP, name) for name in self._find(USER, UserName)["groups"]]
        return page("Groups", groups, lambda b: b["name"], _members, Marker, MaxItems)

    def add_user_to_group(self, *, GroupName: str, UserName: str) -> None:
        def change(user: Body) -> None:
            name = self._find(GROUP, GroupName)["name"]
            if name not in user["groups"]:
                user["groups"].append(name)

        self._change(USER, UserName, change)

    def remove_user_from_group(self, *, GroupName: str, UserName: str) -> None:
        def change(user: Body) -> None:
            name = self._find(GROUP, GroupName)["name"]
            if name in user["groups"]:
                user["groups"].remove(name)

        self._change(USER, UserName, change)

    def delete_group(self, *, GroupName: str) -> None:
        def change() -> None:
            body = self._find(GROUP, GroupName)
            if body["attached"]:
                raise refusals.conflict("detach all policies")
            if body["inline"]:
                raise refusals.conflict("delete policies")
            if self._users_in(body):
                raise refusals.conflict("remove users from group")
            self._remove(GROUP, GroupName)

        self.store.atomically(change)

    def _users_in(self, group: Body) -> list[Body]:
        return [user for user in self._all(USER) if group["name"] in user["groups"]]


def _members(body: Body) -> Body:
    return {
        "Path": body["path"],
        "GroupName": body["name"],
        "GroupId": body["id"],
        "Arn": body["arn"],
        "CreateDate": moment(body["created"]),
    }
