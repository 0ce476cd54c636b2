"""Scaling policies: follow a metric to a target value, or go up and down by steps when an alarm rings.

https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from cumulet.services.application_autoscaling import arithmetic
from cumulet.services.application_autoscaling.activities import Activities
from cumulet.services.application_autoscaling.refusals import invalid, not_found
from cumulet.services.application_autoscaling.targets import PAGE, POLICY, Place, place_of
from cumulet.wire.errors import NotImplementedByCumulet

PREDEFINED = {"SageMakerVariantInvocationsPerInstance": ("AWS/SageMaker", "InvocationsPerInstance", "Sum")}
STEP, TRACKING = "StepScaling", "TargetTrackingScaling"
COOLDOWN = 300.0  # seconds, where a policy does not say
COLD = 0.9  # part of the target value below which there are too many instances
MINUTE = 60


class Policies(Activities):
    def put_scaling_policy(
        self,
        *,
        PolicyName: str,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
        PolicyType: str | None = None,
        StepScalingPolicyConfiguration: dict[str, Any] | None = None,
        TargetTrackingScalingPolicyConfiguration: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A policy that follows a metric gets two alarms; one by steps is what an alarm of yours names as action."""
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        self._wanted_target(place)
        configs = {
            STEP: StepScalingPolicyConfiguration,
            TRACKING: TargetTrackingScalingPolicyConfiguration,
        }
        found = self.store.records.get(POLICY, self.caller.scope, f"{place}|{PolicyName}")
        kind = PolicyType or (found["PolicyType"] if found else STEP)
        if kind not in configs:
            raise NotImplementedByCumulet(f"PutScalingPolicy with PolicyType {kind}")
        config = configs[kind]
        if not config:
            raise invalid(f"{kind}PolicyConfiguration is required for policy type {kind}.")
        arithmetic.check(kind, config)
        arn = found["PolicyARN"] if found else self._policy_arn(place, PolicyName)
        body = {
            "PolicyARN": arn,
            "PolicyName": PolicyName,
            **place.members,
            "PolicyType": kind,
            f"{kind}PolicyConfiguration": config,
            "CreationTime": found["CreationTime"] if found else self.house.clock(),
        }
        if found:
            self._drop_alarms(found)
        body["Alarms"] = self._alarms(place, body) if kind == TRACKING else []
        self.store.records.put(POLICY, self.caller.scope, f"{place}|{PolicyName}", body)
        return {"PolicyARN": arn, "Alarms": body["Alarms"]}

    def _policy_arn(self, place: Place, name: str) -> str:
        resource = (
            f"scalingPolicy:{uuid.uuid4()}:resource/{place.namespace}/{place.resource}:policyName/{name}"
        )
        return self.arn(resource, "autoscaling")

    def _alarms(self, place: Place, body: dict[str, Any]) -> list[dict[str, str]]:
        """One for too much, one for too little; both name the policy as what is to be done."""
        config = body["TargetTrackingScalingPolicyConfiguration"]
        value, made = config["TargetValue"], []
        sides = [("AlarmHigh", "GreaterThanThreshold", 3, value)]
        if not config.get("DisableScaleIn"):
            sides.append(("AlarmLow", "LessThanThreshold", 15, value * COLD))
        for side, operator, periods, threshold in sides:
            name = f"TargetTracking-{place.resource}-{side}-{uuid.uuid4()}"
            self.other("cloudwatch").put_metric_alarm(
                AlarmName=name,
                AlarmDescription=f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {body['PolicyARN']}.",
                AlarmActions=[body["PolicyARN"]],
                ComparisonOperator=operator,
                EvaluationPeriods=periods,
                Threshold=threshold,
                **metric_of(place, config),
            )
            made.append({"AlarmName": name, "AlarmARN": self.arn(f"alarm:{name}", "cloudwatch")})
        return made

    def delete_scaling_policy(
        self, *, PolicyName: str, ServiceNamespace: str, ResourceId: str, ScalableDimension: str
    ) -> dict[str, Any]:
        place = place_of(ServiceNamespace, ResourceId, ScalableDimension)
        name = f"{place}|{PolicyName}"
        policy = self.store.records.get(POLICY, self.caller.scope, name)
        if policy is None:
            raise not_found(f"scaling policy {PolicyName}", place.resource)
        self._drop_alarms(policy)
        self.store.records.delete(POLICY, self.caller.scope, name)
        return {}

    def describe_scaling_policies(
        self,
        *,
        ServiceNamespace: str,
        PolicyNames: list[str] | None = None,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int = PAGE,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        found = self._all(POLICY, ServiceNamespace, ResourceId, ScalableDimension)
        found = [body for body in found if not PolicyNames or body["PolicyName"] in PolicyNames]
        return self._paged("ScalingPolicies", found, NextToken, MaxResults)

    def alarm_action(self, arn: str, alarm: dict[str, Any]) -> None:
        """Not an operation of AWS: an alarm whose action is a policy has gone off."""
        for name, policy in self.store.records.list(POLICY, self.caller.scope):
            if policy["PolicyARN"] == arn:
                self.carry_out(name, policy, alarm)

    def carry_out(self, name: str, policy: dict[str, Any], alarm: dict[str, Any]) -> None:
        """Do what a policy says about an alarm that rings, unless it did so just now."""
        place = place_of(policy["ServiceNamespace"], policy["ResourceId"], policy["ScalableDimension"])
        target, present = self._target(place), self._capacity(place)
        if target is None:
            return
        wanted = self._wanted(place, policy, alarm, present)
        if wanted is None or wanted == present or self._held_back(policy, target, wanted > present):
            return
        cause = f"monitor alarm {alarm['AlarmName']} in state ALARM triggered policy {policy['PolicyName']}"
        if self.scale(place, wanted, cause):
            at = self.house.clock()
            self.store.records.update(POLICY, self.caller.scope, name, lambda body: body.update(acted=at))

    def _held_back(self, policy: dict[str, Any], target: dict[str, Any], out: bool) -> bool:
        suspended = target["SuspendedState"]
        if suspended.get("DynamicScalingOutSuspended" if out else "DynamicScalingInSuspended"):
            return True
        config = policy[f"{policy['PolicyType']}PolicyConfiguration"]
        side = config.get("ScaleOutCooldown" if out else "ScaleInCooldown", COOLDOWN)
        pause = config.get("Cooldown", COOLDOWN) if policy["PolicyType"] == STEP else side
        return bool(self.house.clock() - policy.get("acted", 0.0) < pause)

    def _wanted(
        self, place: Place, policy: dict[str, Any], alarm: dict[str, Any], present: int
    ) -> int | None:
        """The number of instances that the policy asks for; None where nothing can be said."""
        if policy["PolicyType"] == TRACKING:
            config = policy["TargetTrackingScalingPolicyConfiguration"]
            value = self._latest(metric_of(place, config))
            if value is None:
                return None
            wanted = arithmetic.tracked(present, value, config["TargetValue"])
            low = alarm.get("ComparisonOperator", "").startswith("Less")
            return min(present, wanted) if low else max(present, wanted)
        value = _told(alarm)
        if value is None and "MetricName" in alarm:
            value = self._latest({key: alarm[key] for key in METRIC if key in alarm})
        threshold = alarm.get("Threshold", 0.0)
        breach = 0.0 if value is None else value - threshold
        return arithmetic.stepped(present, breach, policy["StepScalingPolicyConfiguration"])

    def _latest(self, metric: dict[str, Any]) -> float | None:
        """The metric's value in the fullest of the last minutes: the present one has only begun."""
        now = datetime.fromtimestamp(self.house.clock(), UTC)
        found = self.other("cloudwatch").get_metric_statistics(
            Namespace=metric["Namespace"],
            MetricName=metric["MetricName"],
            Dimensions=metric.get("Dimensions", []),
            StartTime=now - timedelta(minutes=3),
            EndTime=now + timedelta(minutes=1),
            Period=MINUTE,
            Statistics=[metric["Statistic"]],
        )["Datapoints"]
        values = [point[metric["Statistic"]] for point in found[-2:]]
        return max(values, default=None)


METRIC = ("Namespace", "MetricName", "Dimensions", "Statistic")


def metric_of(place: Place, config: dict[str, Any]) -> dict[str, Any]:
    """What a tracking policy watches, in the members of an alarm."""
    if predefined := config.get("PredefinedMetricSpecification"):
        named = PREDEFINED.get(predefined["PredefinedMetricType"])
        if named is None:
            raise NotImplementedByCumulet(f"scaling by {predefined['PredefinedMetricType']}")
        dimensions = [
            {"Name": "EndpointName", "Value": place.endpoint},
            {"Name": "VariantName", "Value": place.variant},
        ]
        space, name, statistic = named
        return {
            "Namespace": space,
            "MetricName": name,
            "Statistic": statistic,
            "Dimensions": dimensions,
            "Period": MINUTE,
        }
    custom = config.get("CustomizedMetricSpecification") or {}
    if "Metrics" in custom:
        raise NotImplementedByCumulet("CustomizedMetricSpecification with Metrics")
    if not {"MetricName", "Namespace", "Statistic"} <= custom.keys():
        raise invalid("A CustomizedMetricSpecification needs MetricName, Namespace and Statistic.")
    return {**{key: custom[key] for key in (*METRIC, "Unit") if key in custom}, "Period": MINUTE}


def _told(alarm: dict[str, Any]) -> float | None:
    """The value that made an alarm ring, where its state says so."""
    data = json.loads(alarm.get("StateReasonData") or "{}")
    points = data.get("recentDatapoints") or []
    return float(points[-1]) if points and points[-1] is not None else None
