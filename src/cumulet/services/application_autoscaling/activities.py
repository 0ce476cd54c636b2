"""Scaling: a variant gets another number of instances, within its target's limits, and why is told.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
"""

from __future__ import annotations

import uuid
from typing import Any

from cumulet.services.application_autoscaling.targets import ACTIVITY, LONGEST, PAGE, Place, Targets
from cumulet.wire.errors import AwsError


class Activities(Targets):
    def describe_scaling_activities(
        self,
        *,
        ServiceNamespace: str,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
        IncludeNotScaledActivities: bool = False,
    ) -> dict[str, Any]:
        """The newest first. What was not scaled is not remembered, so there is none of it to include."""
        found = self._all(ACTIVITY, ServiceNamespace, ResourceId, ScalableDimension)
        found.sort(key=lambda activity: activity["StartTime"], reverse=True)
        return self._paged("ScalingActivities", found, NextToken, MaxResults)

    def scale(self, place: Place, wanted: int, cause: str) -> bool:
        """Set the number of instances; whether that changed anything."""
        target = self._wanted_target(place)
        wanted = max(target["MinCapacity"], min(target["MaxCapacity"], wanted))
        present = self._capacity(place)
        if wanted == present:
            return False
        began = self.house.clock()
        status, message = "Successful", f"Successfully set desired instance count to {wanted}."
        try:
            self.other("sagemaker").update_endpoint_weights_and_capacities(
                EndpointName=place.endpoint,
                DesiredWeightsAndCapacities=[{"VariantName": place.variant, "DesiredInstanceCount": wanted}],
            )
        except AwsError as error:
            status, message = "Failed", f"Failed to set desired instance count to {wanted}: {error.message}"
        self._remember(place, wanted, cause, began, status, message)
        return status == "Successful"

    def _remember(
        self, place: Place, wanted: int, cause: str, began: float, status: str, message: str
    ) -> None:
        identity = str(uuid.uuid4())
        body = {
            "ActivityId": identity,
            **place.members,
            "Description": f"Setting desired instance count to {wanted}.",
            "Cause": cause,
            "StartTime": began,
            "EndTime": self.house.clock(),
            "StatusCode": status,
            "StatusMessage": message,
        }
        scope, records = self.caller.scope, self.store.records

        def change() -> None:
            records.put(ACTIVITY, scope, f"{place}|{began:017.6f}-{identity}", body)
            old = records.list(ACTIVITY, scope, prefix=f"{place}|")[:-LONGEST]
            for name, _ in old:
                records.delete(ACTIVITY, scope, name)

        self.store.atomically(change)
