"""Managed policies on users, groups and roles."""

from __future__ import annotations

from cumulet.services.iam import protected, refusals
from cumulet.services.iam.documents import Documents
from cumulet.services.iam.entities import GROUP, ROLE, USER, Body, page
from cumulet.wire.errors import AwsError

MOST = 20  # AWS's quota after a request for more; 10 before


class AttachedPolicies(Documents):
    def attach_user_policy(self, *, UserName: str, PolicyArn: str) -> None:
        self._attach(USER, UserName, PolicyArn)

    def attach_group_policy(self, *, GroupName: str, PolicyArn: str) -> None:
        self._attach(GROUP, GroupName, PolicyArn)

    def attach_role_policy(self, *, RoleName: str, PolicyArn: str) -> None:
        self._attach(ROLE, RoleName, PolicyArn)

    def detach_user_policy(self, *, UserName: str, PolicyArn: str) -> None:
        self._detach(USER, UserName, PolicyArn)

    def detach_group_policy(self, *, GroupName: str, PolicyArn: str) -> None:
        self._detach(GROUP, GroupName, PolicyArn)

    def detach_role_policy(self, *, RoleName: str, PolicyArn: str) -> None:
        self._detach(ROLE, RoleName, PolicyArn)

    def list_attached_user_policies(
        self, *, UserName: str, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100
    ) -> Body:
        return self._list_attached(USER, UserName, PathPrefix, Marker, MaxItems)

    def list_attached_group_policies(
        self, *, GroupName: str, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100
    ) -> Body:
        return self._list_attached(GROUP, GroupName, PathPrefix, Marker, MaxItems)

    def list_attached_role_policies(
        self, *, RoleName: str, PathPrefix: str = "/", Marker: str = "", MaxItems: int = 100
    ) -> Body:
        return self._list_attached(ROLE, RoleName, PathPrefix, Marker, MaxItems)

    def _attach(self, kind: str, name: str, arn: str) -> None:
        """Attaching what is attached changes nothing, as on AWS."""

        def change(body: Body) -> None:
            policy = self._attachable(arn)
            protected.check_given(kind, name, policy["versions"][policy["default"]]["text"])
            if arn not in body["attached"]:
                body["attached"].append(arn)
            if len(body["attached"]) > MOST:
                raise refusals.limit(f"Cannot exceed quota for PoliciesPerEntity: {MOST}")

        self._change(kind, name, change)

    def _detach(self, kind: str, name: str, arn: str) -> None:
        protected.check_taken(kind, name, arn)

        def change(body: Body) -> None:
            if arn not in body["attached"]:
                raise AwsError("NoSuchEntity", f"Policy {arn} was not found.")
            body["attached"].remove(arn)

        self._change(kind, name, change)

    def _list_attached(self, kind: str, name: str, path: str, marker: str, limit: int) -> Body:
        found = [self._managed(arn) for arn in self._find(kind, name)["attached"]]
        chosen = [body for body in found if body["path"].startswith(path)]

        def show(body: Body) -> Body:
            return {"PolicyName": body["name"], "PolicyArn": body["arn"]}

        return page("AttachedPolicies", chosen, lambda body: body["arn"], show, marker, limit)
