"""What all of SageMaker's List operations share: filters by name and time, an order, and pages.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTrainingJobs.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.refusals import invalid

DEFAULT_PAGE = 10  # AWS's, where MaxResults is not said


@dataclass(frozen=True, slots=True)
class Filters:
    """The conditions that a List operation was given; those left out hold for everything."""

    NameContains: str | None = None
    StatusEquals: str | None = None
    CreationTimeAfter: datetime | None = None
    CreationTimeBefore: datetime | None = None
    LastModifiedTimeAfter: datetime | None = None
    LastModifiedTimeBefore: datetime | None = None
    WarmPoolStatus: str | None = None

    def admit(self, body: dict[str, Any], kind: str) -> bool:
        modified = body.get("LastModifiedTime")
        return (
            (self.NameContains or "").lower() in body[f"{kind}Name"].lower()
            and self.StatusEquals in (None, body.get(f"{kind}Status"))
            and self.WarmPoolStatus in (None, body.get("WarmPoolStatus", {}).get("Status"))
            and _between(body["CreationTime"], self.CreationTimeAfter, self.CreationTimeBefore)
            and _between(modified, self.LastModifiedTimeAfter, self.LastModifiedTimeBefore)
        )


def _between(moment: float | None, after: datetime | None, before: datetime | None) -> bool:
    if moment is None:
        return after is None and before is None
    return (after is None or moment > after.timestamp()) and (before is None or moment < before.timestamp())


@dataclass(frozen=True, slots=True)
class Order:
    """SortBy and SortOrder. Names break ties, so that every order is total and pages never overlap."""

    kind: str  # "TrainingJob": its members are TrainingJobName, TrainingJobStatus
    by: str = "CreationTime"
    descending: bool = False

    def key(self, body: dict[str, Any]) -> list[Any]:
        member = self.by if self.by.endswith("Time") else f"{self.kind}{self.by}"
        return [body[member], body[f"{self.kind}Name"]]


def page(
    bodies: Iterable[dict[str, Any]], filters: Filters, order: Order, token: str | None, limit: int | None
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of what the filters admit, and the token of the next page where there is one.

    A token is the place of the last thing shown, so what is made or deleted meanwhile moves nothing else.
    """
    admitted = (body for body in bodies if filters.admit(body, order.kind))
    found = sorted(admitted, key=order.key, reverse=order.descending)
    if token:
        last = _place(token)
        found = [b for b in found if (order.key(b) < last if order.descending else order.key(b) > last)]
    shown = found[: limit or DEFAULT_PAGE]
    more = len(found) > len(shown)
    return shown, _token(order.key(shown[-1])) if more else None


def _token(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _place(token: str) -> list[Any]:
    try:
        first, name = json.loads(base64.urlsafe_b64decode(token))
        if isinstance(name, str) and isinstance(first, str | int | float):
            return [first, name]
    except ValueError:
        pass
    raise invalid("NextToken is not one that this operation returned.")
