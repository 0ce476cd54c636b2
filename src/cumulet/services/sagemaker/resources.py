"""SageMaker's resources as records: one kind each, named within an account and region, found by ARN."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from cumulet.services import Service
from cumulet.services.sagemaker.listing import Filters, Order, page
from cumulet.services.sagemaker.refusals import could_not_find

TRAINING_JOB = "training-job"
PROCESSING_JOB = "processing-job"
TRANSFORM_JOB = "transform-job"
TUNING_JOB = "hyper-parameter-tuning-job"
MODEL = "model"
MODEL_PACKAGE = "model-package"  # named by itself, or as a version: "group/3"
MODEL_PACKAGE_GROUP = "model-package-group"
ENDPOINT_CONFIG = "endpoint-config"
ENDPOINT = "endpoint"
INFERENCE = "inference"  # asynchronous; named by endpoint, time and id, so that they list in order
WORDS = {
    ENDPOINT_CONFIG: "endpoint configuration",
    MODEL_PACKAGE: "model package",
    MODEL_PACKAGE_GROUP: "model package group",
}  # where a kind is not called by its name
KINDS = (
    TRAINING_JOB,
    PROCESSING_JOB,
    TRANSFORM_JOB,
    TUNING_JOB,
    MODEL,
    MODEL_PACKAGE,
    MODEL_PACKAGE_GROUP,
    ENDPOINT_CONFIG,
    ENDPOINT,
)


class Resources(Service):
    """Records of this caller's account and region; what every noun of SageMaker is built on."""

    def _now(self) -> float:
        """Epoch seconds to the millisecond, which is all that clients are told."""
        return round(self.house.clock(), 3)

    def _get(self, kind: str, name: str) -> dict[str, Any] | None:
        return self.store.records.get(f"sagemaker.{kind}", self.caller.scope, name)

    def _put(self, kind: str, name: str, body: dict[str, Any]) -> None:
        self.store.records.put(f"sagemaker.{kind}", self.caller.scope, name, body)

    def _change(self, kind: str, name: str, change: Any) -> dict[str, Any] | None:
        return self.store.records.update(f"sagemaker.{kind}", self.caller.scope, name, change)

    def _delete(self, kind: str, name: str) -> bool:
        return self.store.records.delete(f"sagemaker.{kind}", self.caller.scope, name)

    def _found(self, kind: str, name: str) -> dict[str, Any]:
        """The record of something that has to be there."""
        if body := self._get(kind, name):
            return body
        raise could_not_find(WORDS.get(kind, kind), self._arn_of(kind, name))

    def _arn_of(self, kind: str, name: str) -> str:
        return self.arn(f"{kind}/{name}", "sagemaker")

    def _page(
        self, kind: str, filters: Filters, order: Order, token: str | None, limit: int | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        records = self.store.records.list(f"sagemaker.{kind}", self.caller.scope)
        return page((body for _, body in records), filters, order, token, limit)


def lists(kind: str, noun: str, answer: str, members: tuple[str, ...]) -> Callable[..., dict[str, Any]]:
    """The List operation of a kind of resource that has no status: ListModels, ListEndpointConfigs."""

    def operation(
        self: Resources,
        *,
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        NameContains: str | None = None,
        CreationTimeBefore: datetime | None = None,
        CreationTimeAfter: datetime | None = None,
    ) -> dict[str, Any]:
        filters = Filters(NameContains, None, CreationTimeAfter, CreationTimeBefore)
        order = Order(noun, SortBy, SortOrder == "Descending")
        found, token = self._page(kind, filters, order, NextToken, MaxResults)
        return {answer: [summary(body, members) for body in found], "NextToken": token}

    return operation


def shown(body: dict[str, Any]) -> dict[str, Any]:
    """A record without what only Cumulet reads (members of AWS start with a capital letter)."""
    return {name: value for name, value in body.items() if name[:1].isupper()}


def summary(body: dict[str, Any], members: tuple[str, ...]) -> dict[str, Any]:
    return {name: body[name] for name in members if name in body}
