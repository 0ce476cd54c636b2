"""GetMetricStatistics: one metric, period by period.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
"""

from __future__ import annotations

from datetime import datetime
from math import ceil
from typing import Any

from cumulet.services.cloudwatch.datums import dimensions
from cumulet.services.cloudwatch.measures import measure
from cumulet.services.cloudwatch.readings import Readings, check_period, rounded
from cumulet.services.cloudwatch.refusals import combination, invalid, missing
from cumulet.store.distribution import Distribution
from cumulet.store.metrics import Name

MOST = 1440  # datapoints of one answer


class Statistics(Readings):
    def get_metric_statistics(
        self,
        *,
        Namespace: str,
        MetricName: str,
        StartTime: datetime,
        EndTime: datetime,
        Period: int,
        Dimensions: list[dict[str, str]] | None = None,
        Statistics: list[str] | None = None,
        ExtendedStatistics: list[str] | None = None,
        Unit: str | None = None,
    ) -> dict[str, Any]:
        """In the order of time; periods without a value are left out. Each unit has datapoints of its own."""
        check_period(Period)
        start, end = rounded(StartTime.timestamp(), Period, self.house.clock()), ceil(EndTime.timestamp())
        _check_span(StartTime, EndTime, (end - start) // Period)
        if not Statistics and not ExtendedStatistics:
            raise missing(
                "At least one of the parameters Statistics and ExtendedStatistics must be specified."
            )
        name = Name(Namespace, MetricName, dimensions(Dimensions or [], "Dimensions"))
        found = sorted(self.readings(name, start, end, Period, Unit).items())
        points = [
            point
            for (begun, unit), values in found
            if (point := _point(begun, unit, values, Statistics or [], ExtendedStatistics or []))
        ]
        return {"Label": MetricName, "Datapoints": points}


def _check_span(start: datetime, end: datetime, points: int) -> None:
    if start >= end:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    if points > MOST:
        raise combination(
            f"You have requested up to {points} datapoints, which exceeds the limit of {MOST}. You may reduce "
            "the datapoints requested by increasing Period, or decreasing the time range."
        )


def _point(
    begun: int, unit: str, values: Distribution, statistics: list[str], extended: list[str]
) -> dict[str, Any]:
    """Empty where nothing that was asked for is known of the period."""
    plain = {stat: measure(stat)(values) for stat in statistics}
    further = {stat: measure(stat)(values) for stat in extended}
    known = {stat: value for stat, value in further.items() if value is not None}
    if not plain and not known:
        return {}
    return {"Timestamp": begun, "Unit": unit, **plain, "ExtendedStatistics": known or None}
