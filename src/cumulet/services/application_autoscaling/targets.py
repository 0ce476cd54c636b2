"""Scalable targets: the variants of endpoints whose instances are counted by somebody else than their owner.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from cumulet.services import Service
from cumulet.services.application_autoscaling.refusals import invalid, not_found
from cumulet.wire.errors import AwsError, NotImplementedByCumulet

TARGET, POLICY, SCHEDULED, ACTIVITY = (
    f"application-autoscaling.{kind}" for kind in ("target", "policy", "scheduled", "activity")
)
TAGS = "application-autoscaling.tags"
NAMESPACE, DIMENSION = "sagemaker", "sagemaker:variant:DesiredInstanceCount"
PAGE = 50
LONGEST = 1000  # activities that are remembered of one target


@dataclass(frozen=True, slots=True)
class Place:
    """What a target, a policy or an action is about: a variant of an endpoint."""

    namespace: str
    resource: str
    dimension: str

    def __str__(self) -> str:
        return f"{self.namespace}|{self.resource}|{self.dimension}"

    @property
    def endpoint(self) -> str:
        return self.resource.split("/")[1]

    @property
    def variant(self) -> str:
        return self.resource.split("/")[3]

    @property
    def members(self) -> dict[str, str]:
        return {
            "ServiceNamespace": self.namespace,
            "ResourceId": self.resource,
            "ScalableDimension": self.dimension,
        }


def place_of(namespace: str, resource: str, dimension: str) -> Place:
    if (namespace, dimension) != (NAMESPACE, DIMENSION):
        raise NotImplementedByCumulet(f"application-autoscaling of {dimension} ({namespace})")
    words = resource.split("/")
    if len(words) != 4 or (words[0], words[2]) != ("endpoint", "variant"):
        raise invalid(f"Unsupported service namespace, resource type or scalable dimension: {resource}")
    return Place(namespace, resource, dimension)


class Targets(Service):
    def register_scalable_target(
        self,
        *,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
        MinCapacity: int | None = None,
        MaxCapacity: int | None = None,
        RoleARN: str | None = None,
        SuspendedState: dict[str, bool] | None = None,
        Tags: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """Let a variant be scaled within limits, or change them. RoleARN is shown again: the service-linked role
        does the work, as on AWS."""
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        self._capacity(place)
        found = self._target(place)
        if found is None and None in (MinCapacity, MaxCapacity):
            raise invalid("MinCapacity and MaxCapacity are required to register a new scalable target.")
        body = self._registered(place, found, RoleARN)
        given = {"MinCapacity": MinCapacity, "MaxCapacity": MaxCapacity, "SuspendedState": SuspendedState}
        body.update({name: value for name, value in given.items() if value is not None})
        if body["MinCapacity"] > body["MaxCapacity"]:
            raise invalid("Maximum capacity cannot be less than minimum capacity.")

        def change() -> None:
            self.store.records.put(TARGET, self.caller.scope, str(place), body)
            if Tags:
                self.store.records.put(TAGS, self.caller.scope, body["ScalableTargetARN"], Tags)
            self._watch()

        self.store.atomically(change)
        return {"ScalableTargetARN": body["ScalableTargetARN"]}

    def _registered(self, place: Place, found: dict[str, Any] | None, role: str | None) -> dict[str, Any]:
        linked = (
            f"arn:aws:iam::{self.caller.account}:role/aws-service-role/sagemaker.application-autoscaling."
            "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
        )
        return found or {
            **place.members,
            "RoleARN": role or linked,
            "CreationTime": self.house.clock(),
            "ScalableTargetARN": self.arn(f"scalable-target/{uuid.uuid4().hex[:24]}"),
            "SuspendedState": {
                "DynamicScalingInSuspended": False,
                "DynamicScalingOutSuspended": False,
                "ScheduledScalingSuspended": False,
            },
        }

    def deregister_scalable_target(
        self, *, ServiceNamespace: str, ResourceId: str, ScalableDimension: str
    ) -> dict[str, Any]:
        """Its policies with their alarms, and its scheduled actions, go with it."""
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        body = self._wanted_target(place)
        scope, records = self.caller.scope, self.store.records
        for _, policy in records.list(POLICY, scope, prefix=f"{place}|"):
            self._drop_alarms(policy)

        def change() -> None:
            records.delete_under(POLICY, scope, f"{place}|")
            records.delete_under(SCHEDULED, scope, f"{place}|")
            records.delete(TAGS, scope, body["ScalableTargetARN"])
            records.delete(TARGET, scope, str(place))

        self.store.atomically(change)
        return {}

    def describe_scalable_targets(
        self,
        *,
        ServiceNamespace: str,
        ResourceIds: list[str] | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        found = self._all(TARGET, ServiceNamespace, None, ScalableDimension)
        found = [body for body in found if not ResourceIds or body["ResourceId"] in ResourceIds]
        return self._paged("ScalableTargets", found, NextToken, MaxResults)

    def _all(
        self, kind: str, namespace: str, resource: str | None, dimension: str | None
    ) -> list[dict[str, Any]]:
        """The records of a kind that an operation's filters admit; what only Cumulet reads is left out."""
        records = self.store.records.list(kind, self.caller.scope, prefix=f"{namespace}|")
        return [
            {name: value for name, value in body.items() if name[:1].isupper()}
            for _, body in records
            if resource in (None, body["ResourceId"]) and dimension in (None, body["ScalableDimension"])
        ]

    def _paged(
        self, member: str, found: list[dict[str, Any]], token: str | None, limit: int
    ) -> dict[str, Any]:
        start = int(token) if token and token.isdigit() else 0
        more = start + limit < len(found)
        return {member: found[start : start + limit], "NextToken": str(start + limit) if more else None}

    def _target(self, place: Place) -> dict[str, Any] | None:
        return self.store.records.get(TARGET, self.caller.scope, str(place))

    def _wanted_target(self, place: Place) -> dict[str, Any]:
        if found := self._target(place):
            return found
        raise not_found(
            "scalable target", f"service namespace: {place.namespace}, resource ID: {place.resource}"
        )

    def _capacity(self, place: Place) -> int:
        """How many instances the variant is to have at present."""
        try:
            described = self.other("sagemaker").describe_endpoint(EndpointName=place.endpoint)
        except AwsError as error:
            raise invalid(
                f"ECS or SageMaker resource {place.resource} doesn't exist: {error.message}"
            ) from None
        for variant in described.get("ProductionVariants", []):
            if variant["VariantName"] == place.variant and "DesiredInstanceCount" in variant:
                return int(variant["DesiredInstanceCount"])
        raise invalid(f"Endpoint {place.endpoint} has no variant {place.variant} with instances.")

    def _drop_alarms(self, policy: dict[str, Any]) -> None:
        if names := [alarm["AlarmName"] for alarm in policy.get("Alarms", [])]:
            self.other("cloudwatch").delete_alarms(AlarmNames=names)

    def _watch(self) -> None:
        """See to it that somebody looks at this account's targets now and then."""
        kind = "application-autoscaling.watch"
        if self.store.records.get(kind, self.caller.scope, "targets") is None:
            entry = self.house.jobs.add("application-autoscaling.watch_targets", self.caller)
            self.store.records.put(kind, self.caller.scope, "targets", {"job": entry})
