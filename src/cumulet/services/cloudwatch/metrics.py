"""PutMetricData and ListMetrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cumulet.jobs import Job
from cumulet.services import Service
from cumulet.services.cloudwatch.datums import measured
from cumulet.services.cloudwatch.pages import page
from cumulet.services.cloudwatch.refusals import invalid, missing
from cumulet.store.metrics import Metric, Name, Sample
from cumulet.wire.errors import AwsError

DAY = 86400
AGES = ((1, 60, 3 * 3600), (60, 300, 15 * DAY), (300, 3600, 63 * DAY))  # resolution, the next one, kept for
KEPT = 455 * DAY
LISTED = 14 * DAY  # metrics without a value for so long are not listed any more
RECENT = 3 * 3600
PAGE = 500
MOST = 1000  # datums of one call
KEEPING = "cloudwatch.keeping"


class Metrics(Service):
    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]] | None = None) -> None:
        """Values of one minute (or second, with StorageResolution 1) are gathered into one sample."""
        if not MetricData:
            raise missing("The parameter MetricData is required.")
        if len(MetricData) > MOST:
            raise invalid(f"The collection MetricData must not have a size greater than {MOST}.")
        if Namespace.startswith("AWS/") and self.said:
            raise invalid(f"The value {Namespace} for parameter Namespace is invalid: AWS/ is reserved.")
        if Namespace.startswith(":"):
            raise invalid(f"The value {Namespace} for parameter Namespace is invalid.")
        now = self.house.clock()
        self.remember(
            measured(Namespace, datum, now, f"MetricData.member.{number}")
            for number, datum in enumerate(MetricData, 1)
        )

    def remember(self, samples: Iterable[tuple[Name, Sample]]) -> None:
        told = list(samples)

        def change() -> None:
            self.store.metrics.add(self.caller.scope, told)
            self._keep()

        self.store.atomically(change)

    def list_metrics(
        self,
        *,
        Namespace: str | None = None,
        MetricName: str | None = None,
        Dimensions: list[dict[str, str]] | None = None,
        NextToken: str | None = None,
        RecentlyActive: str | None = None,
        IncludeLinkedAccounts: bool = False,
        OwningAccount: str | None = None,
    ) -> dict[str, Any]:
        """In the order of their names. An account has no others linked to it here."""
        if OwningAccount not in (None, self.caller.account):
            raise AwsError("InvalidParameterValue", f"No account {OwningAccount} is linked to this one.")
        since = int(self.house.clock()) - (RECENT if RecentlyActive else LISTED)
        found = [
            metric.name
            for metric in self.store.metrics.seen_since(self.caller.scope, since)
            if _fits(metric, Namespace, MetricName, Dimensions or [])
        ]
        shown, token = page(found, lambda name: [*name.written], NextToken, PAGE)
        owners = [self.caller.account] * len(shown) if IncludeLinkedAccounts else None
        return {"Metrics": list(map(told, shown)), "NextToken": token, "OwningAccounts": owners}

    def gather_old(self, job: Job) -> None:
        """Work, once an hour: make old samples coarser, as AWS keeps them, and forget the oldest."""
        now = int(self.house.clock())
        for resolution, coarser, kept in AGES:
            self.store.metrics.roll_up(resolution, coarser, now - kept)
        self.store.metrics.forget(now - KEPT)
        self.house.jobs.add("cloudwatch.gather_old", self.caller, due=self.house.clock() + 3600)

    def _keep(self) -> None:
        """The first value of all brings the work that makes old ones coarser."""
        if self.store.records.get(KEEPING, "", "samples") is None:
            self.store.records.put(KEEPING, "", "samples", {})
            self.house.jobs.add("cloudwatch.gather_old", self.caller, due=self.house.clock() + 3600)


def told(name: Name) -> dict[str, Any]:
    """A metric as the API tells it."""
    dimensions = [{"Name": key, "Value": value} for key, value in name.dimensions]
    return {"Namespace": name.namespace, "MetricName": name.name, "Dimensions": dimensions}


def _fits(metric: Metric, namespace: str | None, name: str | None, filters: list[dict[str, str]]) -> bool:
    has = dict(metric.name.dimensions)
    return (
        namespace in (None, metric.name.namespace)
        and name in (None, metric.name.name)
        and all(one["Name"] in has and one.get("Value") in (None, has[one["Name"]]) for one in filters)
    )
