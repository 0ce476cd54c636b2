"""Endpoints: made, changed, looked at and deleted. What keeps them alive is told in `serving.py`.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.endpoint_configs import EndpointConfigs
from cumulet.services.sagemaker.fleet import fleet_of
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.models import containers_of
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import ENDPOINT, ENDPOINT_CONFIG, INFERENCE, MODEL, shown, summary
from cumulet.services.sagemaker.rollouts import plan_of
from cumulet.services.sagemaker.tags import TagList
from cumulet.services.sagemaker.variants import Variant

SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")

MOMENT = 8.0  # seconds
LONGEST_MESSAGE = 1024
RETAINABLE = frozenset({"DesiredInstanceCount", "DesiredWeight", "DataCaptureConfig"})


class Endpoints(EndpointConfigs):
    def create_endpoint(
        self,
        *,
        EndpointName: str,
        EndpointConfigName: str,
        DeploymentConfig: dict[str, Any] | None = None,
        Tags: TagList | None = None,
    ) -> dict[str, Any]:
        """The answer is held back for some seconds, so that most endpoints are in service then.

        DeploymentConfig says how later updates take over.
        """
        plan_of(DeploymentConfig, 1)
        config = self._found(ENDPOINT_CONFIG, EndpointConfigName)
        arn, now = self._arn_of(ENDPOINT, EndpointName), self._now()
        body = {
            "EndpointName": EndpointName,
            "EndpointArn": arn,
            "EndpointConfigName": EndpointConfigName,
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
            "LastDeploymentConfig": DeploymentConfig,
            "works": [],
        }

        def create() -> None:
            if self._get(ENDPOINT, EndpointName) is None:
                self._deploy(body, config)
            self._create(ENDPOINT, EndpointName, body, Tags)

        self.store.atomically(create)
        self._wait_a_moment(EndpointName)
        return {"EndpointArn": arn}

    def update_endpoint(
        self,
        *,
        EndpointName: str,
        EndpointConfigName: str,
        RetainAllVariantProperties: bool = False,
        ExcludeRetainedVariantProperties: list[dict[str, str]] | None = None,
        DeploymentConfig: dict[str, Any] | None = None,
        RetainDeploymentConfig: bool = False,
    ) -> dict[str, Any]:
        """Start what another configuration says, then let it take over: no request fails meanwhile.

        With RetainAllVariantProperties a variant that stays keeps its present weight, instance count and data
        capture, but for those that are excluded. DeploymentConfig says how traffic goes over.
        """
        plan_of(DeploymentConfig, 1)
        excluded = {one["VariantPropertyType"] for one in ExcludeRetainedVariantProperties or []}
        retained = RETAINABLE - excluded if RetainAllVariantProperties else frozenset()
        config, now = self._found(ENDPOINT_CONFIG, EndpointConfigName), self._now()

        def change(body: dict[str, Any]) -> None:
            if body["EndpointStatus"] == "Failed":
                raise invalid(
                    f'Cannot update failed endpoint "{body["EndpointArn"]}": it can only be deleted.'
                )
            if body["EndpointStatus"] != "InService":
                raise invalid(f'Cannot update in-progress endpoint "{body["EndpointArn"]}".')
            if not RetainDeploymentConfig:
                body["LastDeploymentConfig"] = DeploymentConfig
            self._deploy(body, config, retained)
            body.update(EndpointStatus="Updating", LastModifiedTime=now)

        self._found(ENDPOINT, EndpointName)
        body = self._change(ENDPOINT, EndpointName, change)
        assert body
        self._wait_a_moment(EndpointName)
        return {"EndpointArn": body["EndpointArn"]}

    def _wait_a_moment(self, name: str) -> None:
        """Most models are ready within a second or two, and the SDK looks every 30 seconds only: hold the
        answer back a little, so that its first look finds the endpoint in service."""
        fleet_of(self.house).wait_for_news(lambda: self._settled(name), MOMENT)

    def _settled(self, name: str) -> bool:
        body = self._get(ENDPOINT, name)
        return body is None or body["EndpointStatus"] not in ("Creating", "Updating")

    def _deploy(
        self, body: dict[str, Any], config: dict[str, Any], retained: frozenset[str] = frozenset()
    ) -> None:
        """Promise the work of serving a configuration. All that it needs goes with the promise, so that
        deleting the configuration or a model takes nothing from an endpoint that runs."""
        present = {variant["VariantName"]: variant for variant in body.get("ProductionVariants", [])}
        capture = body.get("capture") if "DataCaptureConfig" in retained else config.get("DataCaptureConfig")
        body["deployments"] = body.get("deployments", 0) + 1
        body["capture"] = capture
        promise = {
            "name": body["EndpointName"],
            "config": config["EndpointConfigName"],
            "variants": [
                self._definition(variant, present.get(variant["VariantName"], {}), retained)
                for variant in config["ProductionVariants"]
            ],
            "shadows": [
                self._definition(variant, {}, retained)
                for variant in config.get("ShadowProductionVariants", [])
            ],
            "capture": capture,
            "asynchronous": config.get("AsyncInferenceConfig"),
            "plan": body.get("LastDeploymentConfig"),
            "number": body["deployments"],
        }
        body["works"].append(self.house.jobs.add("sagemaker.run_endpoint", self.caller, **promise))

    def _definition(
        self, variant: dict[str, Any], old: dict[str, Any], retained: frozenset[str]
    ) -> dict[str, Any]:
        """A variant and all that its model says."""
        model = self._found(MODEL, variant["ModelName"])
        kept: dict[str, Any] = {}
        if "DesiredWeight" in retained and "CurrentWeight" in old:
            kept["InitialVariantWeight"] = old["CurrentWeight"]
        if "DesiredInstanceCount" in retained and "DesiredInstanceCount" in old:
            kept["InitialInstanceCount"] = old["DesiredInstanceCount"]
        return {
            "InitialVariantWeight": 1.0,
            **variant,
            **kept,
            "containers": containers_of(model),
            "mode": model.get("InferenceExecutionConfig", {}).get("Mode", "Serial"),
            "role": model["ExecutionRoleArn"],
        }

    def update_endpoint_weights_and_capacities(
        self, *, EndpointName: str, DesiredWeightsAndCapacities: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Change what share of the requests each variant gets, and how many processes it has."""
        wanted = {one["VariantName"]: one for one in DesiredWeightsAndCapacities}
        weights = {name: one["DesiredWeight"] for name, one in wanted.items() if "DesiredWeight" in one}
        now = self._now()

        def change(body: dict[str, Any]) -> None:
            if body["EndpointStatus"] != "InService":
                raise invalid(f'Cannot update in-progress endpoint "{body["EndpointArn"]}".')
            variants = {variant["VariantName"]: variant for variant in body.get("ProductionVariants", [])}
            if unknown := sorted(wanted.keys() - variants.keys()):
                raise invalid(f"Endpoint {EndpointName} has no variant {', '.join(unknown)}.")
            for name, weight in weights.items():
                variants[name].update(CurrentWeight=weight, DesiredWeight=weight)
            for name, one in wanted.items():
                if "DesiredInstanceCount" in one:
                    _want_instances(variants[name], one)
                    body["EndpointStatus"] = "Updating"
            body["LastModifiedTime"] = now

        self._found(ENDPOINT, EndpointName)
        body = self._change(ENDPOINT, EndpointName, change)
        assert body
        fleet = fleet_of(self.house)
        fleet.set_weights(self._fleet_name(EndpointName), weights)
        fleet.wake(self._fleet_name(EndpointName))
        self._wait_a_moment(EndpointName)
        return {"EndpointArn": body["EndpointArn"]}

    def delete_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        now = self._now()

        def change(body: dict[str, Any]) -> None:
            if body["EndpointStatus"] in ("Creating", "Updating"):
                raise invalid(f'Cannot update in-progress endpoint "{body["EndpointArn"]}".')
            body.update(EndpointStatus="Deleting", LastModifiedTime=now)
            for work in body["works"]:
                self.house.jobs.stop(work)

        self._found(ENDPOINT, EndpointName)
        self._change(ENDPOINT, EndpointName, change)
        fleet_of(self.house).withdraw(self._fleet_name(EndpointName))
        self._forget_if_over(EndpointName)
        return {}

    def _forget_if_over(self, name: str) -> None:
        """A deleted endpoint is gone once nothing works for it any more."""

        def forget() -> None:
            body = self._get(ENDPOINT, name)
            if body and body["EndpointStatus"] == "Deleting" and not body["works"]:
                self._delete(ENDPOINT, name)
                self._untag(f"{ENDPOINT}/{name}")
                self.store.records.delete_under(f"sagemaker.{INFERENCE}", self.caller.scope, f"{name}/")

        self.store.atomically(forget)

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        """Besides what is remembered: which instances are just being started again, and why."""
        body = shown(self._found(ENDPOINT, EndpointName))
        deployment = fleet_of(self.house).present(self._fleet_name(EndpointName))
        for variant in body.get("ProductionVariants", []):
            live = deployment.variants.get(variant["VariantName"]) if deployment else None
            if live and (troubles := _troubles(live)):
                variant["VariantStatus"] = troubles
        return {name: value for name, value in body.items() if value is not None}

    def list_endpoints(
        self,
        *,
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        NameContains: str | None = None,
        CreationTimeBefore: datetime | None = None,
        CreationTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        StatusEquals: str | None = None,
    ) -> dict[str, Any]:
        times = (CreationTimeAfter, CreationTimeBefore, LastModifiedTimeAfter, LastModifiedTimeBefore)
        order = Order("Endpoint", SortBy, SortOrder == "Descending")
        endpoints, token = self._page(
            ENDPOINT, Filters(NameContains, StatusEquals, *times), order, NextToken, MaxResults
        )
        return {"Endpoints": [summary(endpoint, SUMMARY) for endpoint in endpoints], "NextToken": token}

    def _fleet_name(self, name: str) -> str:
        return f"{self.caller.scope}/{name}"


def _want_instances(variant: dict[str, Any], wanted: dict[str, Any]) -> None:
    if "DesiredInstanceCount" not in variant:
        raise invalid(f"Variant {variant['VariantName']} is serverless: it has no instances.")
    variant["DesiredInstanceCount"] = wanted["DesiredInstanceCount"]


def _troubles(variant: Variant) -> list[dict[str, Any]]:
    """What a variant's instances suffer from at the moment."""
    ill = [
        f"{instance.name}: {worker.reason or 'the model is being loaded'}"
        for instance in variant.staying
        for worker in instance.workers.values()
        if not worker.ready
    ]
    return [{"Status": "Creating", "StatusMessage": message[:LONGEST_MESSAGE]} for message in ill]
