"""Inline policies: those that are part of one user, group or role and go with it."""

from __future__ import annotations

from cumulet.services.iam import protected, refusals
from cumulet.services.iam.entities import GROUP, ROLE, USER, Body, Entities, checked, encoded, page
from cumulet.wire.errors import AwsError

SIZES = {USER: 2048, GROUP: 5120, ROLE: 10240}  # of all inline policies together


class InlinePolicies(Entities):
    def put_user_policy(self, *, UserName: str, PolicyName: str, PolicyDocument: str) -> None:
        self._put(USER, UserName, PolicyName, PolicyDocument)

    def put_group_policy(self, *, GroupName: str, PolicyName: str, PolicyDocument: str) -> None:
        self._put(GROUP, GroupName, PolicyName, PolicyDocument)

    def put_role_policy(self, *, RoleName: str, PolicyName: str, PolicyDocument: str) -> None:
        self._put(ROLE, RoleName, PolicyName, PolicyDocument)

    def get_user_policy(self, *, UserName: str, PolicyName: str) -> Body:
        return {"UserName": UserName, **self._get(USER, UserName, PolicyName)}

    def get_group_policy(self, *, GroupName: str, PolicyName: str) -> Body:
        return {"GroupName": GroupName, **self._get(GROUP, GroupName, PolicyName)}

    def get_role_policy(self, *, RoleName: str, PolicyName: str) -> Body:
        return {"RoleName": RoleName, **self._get(ROLE, RoleName, PolicyName)}

    def delete_user_policy(self, *, UserName: str, PolicyName: str) -> None:
        self._delete(USER, UserName, PolicyName)

    def delete_group_policy(self, *, GroupName: str, PolicyName: str) -> None:
        self._delete(GROUP, GroupName, PolicyName)

    def delete_role_policy(self, *, RoleName: str, PolicyName: str) -> None:
        self._delete(ROLE, RoleName, PolicyName)

    def list_user_policies(self, *, UserName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return self._names(USER, UserName, Marker, MaxItems)

    def list_group_policies(self, *, GroupName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return self._names(GROUP, GroupName, Marker, MaxItems)

    def list_role_policies(self, *, RoleName: str, Marker: str = "", MaxItems: int = 100) -> Body:
        return self._names(ROLE, RoleName, Marker, MaxItems)

    def _put(self, kind: str, name: str, policy: str, text: str) -> None:
        checked(text, "identity", SIZES[kind])
        protected.check_given(kind, name, text)

        def change(body: Body) -> None:
            body["inline"][policy] = text
            if sum(len("".join(one.split())) for one in body["inline"].values()) > SIZES[kind]:
                noun = refusals.NAMES[kind]
                raise refusals.limit(f"Maximum policy size of {SIZES[kind]} bytes exceeded for {noun} {name}")

        self._change(kind, name, change)

    def _get(self, kind: str, name: str, policy: str) -> Body:
        text = self._find(kind, name)["inline"].get(policy)
        if text is None:
            raise _missing(kind, policy)
        return {"PolicyName": policy, "PolicyDocument": encoded(text)}

    def _delete(self, kind: str, name: str, policy: str) -> None:
        def change(body: Body) -> None:
            if body["inline"].pop(policy, None) is None:
                raise _missing(kind, policy)

        self._change(kind, name, change)

    def _names(self, kind: str, name: str, marker: str, limit: int) -> Body:
        found = self._find(kind, name)["inline"]
        return page("PolicyNames", found, lambda policy: policy, lambda policy: policy, marker, limit)


def _missing(kind: str, policy: str) -> AwsError:
    return AwsError("NoSuchEntity", f"The {refusals.NAMES[kind]} policy with name {policy} cannot be found.")
