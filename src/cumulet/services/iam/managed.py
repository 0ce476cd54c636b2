"""Managed policies and their versions."""

from __future__ import annotations

from collections import Counter

from cumulet.services.iam import refusals
from cumulet.services.iam.documents import AWS_PREFIX, Documents, aws_managed
from cumulet.services.iam.entities import (
    GROUP,
    POLICY,
    ROLE,
    USER,
    Body,
    checked,
    encoded,
    moment,
    page,
    tag_list,
)

SIZE = 6144
MOST_VERSIONS = 5


class ManagedPolicies(Documents):
    def create_policy(
        self,
        *,
        PolicyName: str,
        PolicyDocument: str,
        Path: str = "/",
        Description: str | None = None,
        Tags: list[Body] | None = None,
    ) -> Body:
        text = checked(PolicyDocument, "identity", SIZE)
        version = {"text": text, "created": self.house.clock()}
        more = {"description": Description, "default": "v1", "latest": 1, "versions": {"v1": version}}
        return {"Policy": _members(self._create(POLICY, PolicyName, Path, Tags, **more), *self._uses())}

    def get_policy(self, *, PolicyArn: str) -> Body:
        return {"Policy": _members(self._managed(PolicyArn), *self._uses())}

    def list_policies(
        self,
        *,
        Scope: str = "All",
        OnlyAttached: bool = False,
        PathPrefix: str = "/",
        PolicyUsageFilter: str | None = None,
        Marker: str = "",
        MaxItems: int = 100,
    ) -> Body:
        found = [] if Scope == "AWS" else self._all(POLICY, PathPrefix)
        if Scope != "Local":
            found += [body for body in aws_managed().values() if body["path"].startswith(PathPrefix)]
        attached, bounds = self._uses()
        if OnlyAttached or PolicyUsageFilter == "PermissionsPolicy":
            found = [body for body in found if attached[body["arn"]]]
        elif PolicyUsageFilter:
            found = [body for body in found if bounds[body["arn"]]]

        def show(body: Body) -> Body:
            return {**_members(body, attached, bounds), "Description": None, "Tags": None}

        return page("Policies", found, lambda body: body["arn"], show, Marker, MaxItems)

    def delete_policy(self, *, PolicyArn: str) -> None:
        def change() -> None:
            body = self._own(PolicyArn)
            if self._attached_to(PolicyArn) or self._bounded_by(PolicyArn):
                raise refusals.conflict("detach all policies")
            if len(body["versions"]) > 1:
                raise refusals.conflict("delete all non-default versions")
            self._remove(POLICY, body["name"])

        self.store.atomically(change)

    def create_policy_version(
        self, *, PolicyArn: str, PolicyDocument: str, SetAsDefault: bool = False
    ) -> Body:
        text = checked(PolicyDocument, "identity", SIZE)

        def change(body: Body) -> None:
            if len(body["versions"]) >= MOST_VERSIONS:
                raise refusals.limit(
                    "A managed policy can have up to 5 versions. Delete one before you add another."
                )
            body["latest"] += 1
            version = f"v{body['latest']}"
            body["versions"][version] = {"text": text, "created": self.house.clock()}
            if SetAsDefault:
                body["default"] = version

        body = self._change(POLICY, self._own(PolicyArn)["name"], change)
        return {"PolicyVersion": {**_version(body, f"v{body['latest']}"), "Document": None}}

    def get_policy_version(self, *, PolicyArn: str, VersionId: str) -> Body:
        return {"PolicyVersion": _version(_having(self._managed(PolicyArn), VersionId), VersionId)}

    def list_policy_versions(self, *, PolicyArn: str, Marker: str = "", MaxItems: int = 100) -> Body:
        body = self._managed(PolicyArn)

        def show(version: str) -> Body:
            return {**_version(body, version), "Document": None}

        return page("Versions", body["versions"], lambda version: version, show, Marker, MaxItems)

    def set_default_policy_version(self, *, PolicyArn: str, VersionId: str) -> None:
        def change(body: Body) -> None:
            _having(body, VersionId)["default"] = VersionId

        self._change(POLICY, self._own(PolicyArn)["name"], change)

    def delete_policy_version(self, *, PolicyArn: str, VersionId: str) -> None:
        def change(body: Body) -> None:
            if _having(body, VersionId)["default"] == VersionId:
                raise refusals.conflict("set another version as the default one")
            del body["versions"][VersionId]

        self._change(POLICY, self._own(PolicyArn)["name"], change)

    def list_entities_for_policy(
        self,
        *,
        PolicyArn: str,
        EntityFilter: str | None = None,
        PathPrefix: str = "/",
        PolicyUsageFilter: str | None = None,
        Marker: str = "",
        MaxItems: int = 100,
    ) -> Body:
        self._managed(PolicyArn)
        bounds = PolicyUsageFilter == "PermissionsBoundary"
        found = self._bounded_by(PolicyArn) if bounds else self._attached_to(PolicyArn)
        kinds = {"User": USER, "Role": ROLE, "Group": GROUP}
        wanted = [kinds[EntityFilter]] if EntityFilter in kinds else list(kinds.values())
        chosen = [one for one in found if one[0] in wanted and one[1]["path"].startswith(PathPrefix)]
        result = page("", chosen, lambda one: f"{one[0]}/{one[1]['name']}", lambda one: one, Marker, MaxItems)
        shown = result.pop("")
        for name, kind in kinds.items():
            result[f"Policy{name}s"] = [
                {f"{name}Name": body["name"], f"{name}Id": body["id"]} for of, body in shown if of == kind
            ]
        return result

    def _own(self, arn: str) -> Body:
        """A policy that this account may change."""
        if arn.startswith(AWS_PREFIX) and self._managed_if_there(arn):
            raise refusals.invalid_input(f"{arn} is kept by AWS and cannot be changed.")
        return self._managed(arn)


def _having(body: Body, version: str) -> Body:
    if version not in body["versions"]:
        raise refusals.missing(POLICY, f"{body['arn']} version {version}")
    return body


def _members(body: Body, attached: Counter[str], bounds: Counter[str]) -> Body:
    versions = body["versions"].values()
    return {
        "PolicyName": body["name"],
        "PolicyId": body["id"],
        "Arn": body["arn"],
        "Path": body["path"],
        "DefaultVersionId": body["default"],
        "AttachmentCount": attached[body["arn"]],
        "PermissionsBoundaryUsageCount": bounds[body["arn"]],
        "IsAttachable": True,
        "Description": body["description"],
        "CreateDate": body["created"] and moment(body["created"]),
        "UpdateDate": body["created"] and moment(max(version["created"] for version in versions)),
        "Tags": tag_list(body["tags"]),
    }


def _version(body: Body, version: str) -> Body:
    created = body["versions"][version]["created"]
    return {
        "Document": encoded(body["versions"][version]["text"]),
        "VersionId": version,
        "IsDefaultVersion": version == body["default"],
        "CreateDate": created and moment(created),
    }
