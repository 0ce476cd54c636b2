"""Endpoints: made, changed, looked at and deleted. What keeps them alive is told in `serving.py`.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.endpoint_configs import EndpointConfigs
from cumulet.services.sagemaker.fleet import fleet_of
from cumulet.services.sagemaker.listing import Filters, Order
from cumulet.services.sagemaker.models import container_of
from cumulet.services.sagemaker.refusals import already_existing, invalid
from cumulet.services.sagemaker.resources import ENDPOINT, ENDPOINT_CONFIG, MODEL, shown, summary
from cumulet.services.sagemaker.tags import TagList
from cumulet.wire.errors import NotImplementedByCumulet

SUMMARY = ("EndpointName", "EndpointArn", "CreationTime", "LastModifiedTime", "EndpointStatus")

MOMENT = 8.0  # seconds


class Endpoints(EndpointConfigs):
    def create_endpoint(
        self, *, EndpointName: str, EndpointConfigName: str, Tags: TagList | None = None
    ) -> dict[str, Any]:
        config = self._found(ENDPOINT_CONFIG, EndpointConfigName)
        arn, now = self._arn_of(ENDPOINT, EndpointName), self._now()
        body = {
            "EndpointName": EndpointName,
            "EndpointArn": arn,
            "EndpointConfigName": EndpointConfigName,
            "EndpointStatus": "Creating",
            "CreationTime": now,
            "LastModifiedTime": now,
            "works": [],
        }

        def create() -> None:
            if self._get(ENDPOINT, EndpointName) is not None:
                raise already_existing("endpoint", arn)
            self._deploy(body, config)
            self._put(ENDPOINT, EndpointName, body)
            self._tag(f"{ENDPOINT}/{EndpointName}", Tags)

        self.store.atomically(create)
        self._wait_a_moment(EndpointName)
        return {"EndpointArn": arn}

    def update_endpoint(
        self, *, EndpointName: str, EndpointConfigName: str, RetainAllVariantProperties: bool = False
    ) -> dict[str, Any]:
        """Start what another configuration says, then let it take over: no request fails meanwhile.

        With RetainAllVariantProperties a variant that stays keeps its present weight and instance count.
        """
        config, now = self._found(ENDPOINT_CONFIG, EndpointConfigName), self._now()

        def change(body: dict[str, Any]) -> None:
            if body["EndpointStatus"] not in ("InService", "Failed"):
                raise invalid(f'Cannot update in-progress endpoint "{body["EndpointArn"]}".')
            kept = body.get("ProductionVariants", []) if RetainAllVariantProperties else []
            self._deploy(body, config, kept)
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
        self, body: dict[str, Any], config: dict[str, Any], kept: list[dict[str, Any]] | None = None
    ) -> None:
        """Promise the work of serving a configuration. All that it needs goes with the promise, so that
        deleting the configuration or a model takes nothing from an endpoint that runs."""
        present = {variant["VariantName"]: variant for variant in kept or []}
        variants = []
        for variant in config["ProductionVariants"]:
            old = present.get(variant["VariantName"], {})
            model = self._found(MODEL, variant["ModelName"])
            variants.append(
                {
                    **variant,
                    "InitialVariantWeight": old.get("CurrentWeight", variant["InitialVariantWeight"]),
                    "InitialInstanceCount": old.get("CurrentInstanceCount", variant["InitialInstanceCount"]),
                    "container": container_of(model),
                    "role": model["ExecutionRoleArn"],
                }
            )
        body["deployments"] = body.get("deployments", 0) + 1
        promise = {
            "name": body["EndpointName"],
            "config": config["EndpointConfigName"],
            "variants": variants,
            "number": body["deployments"],
        }
        body["works"].append(self.house.jobs.add("sagemaker.run_endpoint", self.caller, **promise))

    def update_endpoint_weights_and_capacities(
        self, *, EndpointName: str, DesiredWeightsAndCapacities: list[dict[str, Any]]
    ) -> dict[str, Any]:
        """Change what share of the requests each variant gets, at once."""
        if any("DesiredInstanceCount" in wanted for wanted in DesiredWeightsAndCapacities):
            raise NotImplementedByCumulet("UpdateEndpointWeightsAndCapacities with DesiredInstanceCount")
        weights = {wanted["VariantName"]: wanted["DesiredWeight"] for wanted in DesiredWeightsAndCapacities}

        def change(body: dict[str, Any]) -> None:
            variants = {variant["VariantName"]: variant for variant in body.get("ProductionVariants", [])}
            if unknown := sorted(weights.keys() - variants.keys()):
                raise invalid(f"Endpoint {EndpointName} has no variant {', '.join(unknown)}.")
            for name, weight in weights.items():
                variants[name].update(CurrentWeight=weight, DesiredWeight=weight)

        self._found(ENDPOINT, EndpointName)
        body = self._change(ENDPOINT, EndpointName, change)
        assert body
        fleet_of(self.house).set_weights(self._fleet_name(EndpointName), weights)
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
        self._forget_if_over(EndpointName)
        return {}

    def _forget_if_over(self, name: str) -> None:
        """A deleted endpoint is gone once nothing works for it any more."""

        def forget() -> None:
            body = self._get(ENDPOINT, name)
            if body and body["EndpointStatus"] == "Deleting" and not body["works"]:
                self._delete(ENDPOINT, name)
                self._untag(f"{ENDPOINT}/{name}")

        self.store.atomically(forget)

    def describe_endpoint(self, *, EndpointName: str) -> dict[str, Any]:
        return shown(self._found(ENDPOINT, EndpointName))

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
