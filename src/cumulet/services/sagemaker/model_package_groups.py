"""Model package groups: the versions of one model, in the registry.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-models.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.resources import MODEL_PACKAGE, MODEL_PACKAGE_GROUP, shown, summary
from cumulet.services.sagemaker.tags import TagList, Tags
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageGroupArn",
    "ModelPackageGroupDescription",
    "CreationTime",
    "ModelPackageGroupStatus",
)


class ModelPackageGroups(Tags):
    def create_model_package_group(
        self,
        *,
        ModelPackageGroupName: str,
        ModelPackageGroupDescription: str | None = None,
        Tags: TagList | None = None,
    ) -> dict[str, Any]:
        arn = self._arn_of(MODEL_PACKAGE_GROUP, ModelPackageGroupName)
        body = {
            "ModelPackageGroupName": ModelPackageGroupName,
            "ModelPackageGroupArn": arn,
            "ModelPackageGroupDescription": ModelPackageGroupDescription,
            "ModelPackageGroupStatus": "Completed",
            "CreationTime": self._now(),
            "CreatedBy": self._asker(),
            "versions": 0,  # that were ever made: a number is not used again
        }
        self._create(MODEL_PACKAGE_GROUP, ModelPackageGroupName, body, Tags)
        return {"ModelPackageGroupArn": arn}

    def describe_model_package_group(self, *, ModelPackageGroupName: str) -> dict[str, Any]:
        return shown(self._group(ModelPackageGroupName))

    def list_model_package_groups(
        self,
        *,
        SortBy: str = "CreationTime",
        SortOrder: str = "Ascending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        NameContains: str | None = None,
        CreationTimeBefore: datetime | None = None,
        CreationTimeAfter: datetime | None = None,
        CrossAccountFilterOption: str = "SameAccount",
    ) -> dict[str, Any]:
        """Groups of this account: none of another's are to be found."""
        if CrossAccountFilterOption != "SameAccount":
            raise NotImplementedByCumulet(
                f"ListModelPackageGroups with CrossAccountFilterOption {CrossAccountFilterOption}"
            )
        filters = Filters(NameContains, None, CreationTimeAfter, CreationTimeBefore)
        order = Order("ModelPackageGroup", SortBy, SortOrder == "Descending")
        groups, token = self._page(MODEL_PACKAGE_GROUP, filters, order, NextToken, MaxResults)
        return {
            "ModelPackageGroupSummaryList": [summary(group, SUMMARY) for group in groups],
            "NextToken": token,
        }

    def delete_model_package_group(self, *, ModelPackageGroupName: str) -> None:
        """Forget a group that has no versions any more."""

        def delete() -> None:
            group = self._group(ModelPackageGroupName)
            name = group["ModelPackageGroupName"]
            if self._versions(name):
                raise AwsError(
                    "ConflictException",
                    f"Model Package Group {group['ModelPackageGroupArn']} cannot be deleted: it still has model "
                    "packages. Delete them first.",
                )
            self._forget(MODEL_PACKAGE_GROUP, name)

        self.store.atomically(delete)

    def _group(self, name: str) -> dict[str, Any]:
        """A group by its name or its ARN."""
        return self._found(MODEL_PACKAGE_GROUP, self._named(MODEL_PACKAGE_GROUP, name))

    def _versions(self, group: str) -> list[dict[str, Any]]:
        records = self.store.records.list(f"sagemaker.{MODEL_PACKAGE}", self.caller.scope)
        return [body for _, body in records if body.get("ModelPackageGroupName") == group]

    def _named(self, kind: str, given: str) -> str:
        """The name in an ARN of this account and region; a name is one already."""
        return given.removeprefix(self._arn_of(kind, ""))

    def _asker(self) -> dict[str, Any]:
        """CreatedBy and LastModifiedBy: who asked."""
        return {"IamIdentity": {"Arn": self.caller.arn, "PrincipalId": self.caller.user_id}}
