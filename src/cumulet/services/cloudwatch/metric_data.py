"""GetMetricData: many metrics and the mathematics over them at once.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from math import ceil
from typing import Any

from cumulet.services.cloudwatch.datums import dimensions
from cumulet.services.cloudwatch.evaluation import Queries, checked
from cumulet.services.cloudwatch.measures import measure
from cumulet.services.cloudwatch.readings import Readings, check_period, rounded
from cumulet.services.cloudwatch.refusals import stale, unfit
from cumulet.services.cloudwatch.series import Range, Series
from cumulet.store.metrics import Name

MOST_QUERIES = 500
MOST_POINTS = 100_800
DEFAULT_PERIOD = 300

Point = tuple[int, int, float]  # the number of its series, its time, its value


class MetricData(Readings):
    def get_metric_data(
        self,
        *,
        MetricDataQueries: list[dict[str, Any]],
        StartTime: datetime,
        EndTime: datetime,
        NextToken: str | None = None,
        ScanBy: str = "TimestampDescending",
        MaxDatapoints: int = MOST_POINTS,
        LabelOptions: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        """The newest value comes first where nothing else is said. LabelOptions is for dynamic labels only."""
        if len(MetricDataQueries) > MOST_QUERIES:
            raise unfit(f"The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}.")
        if StartTime >= EndTime:
            raise unfit("The parameter StartTime must be less than the parameter EndTime.")
        queries = checked(MetricDataQueries)
        found = list(self._results(queries, StartTime.timestamp(), EndTime.timestamp()))
        points = [
            (number, time, value)
            for number, (_, series) in enumerate(found)
            for time, value in sorted(series.values.items(), reverse=ScanBy == "TimestampDescending")
        ]
        first = _place(NextToken, len(points)) if NextToken else 0
        behind = first + min(MaxDatapoints, MOST_POINTS)
        token = str(behind) if behind < len(points) else None
        shown = _told(found, points[first:behind], all_of_them=not NextToken)
        return {"MetricDataResults": shown, "NextToken": token, "Messages": []}

    def _results(
        self, queries: dict[str, dict[str, Any]], start: float, end: float
    ) -> Iterator[tuple[str, Series]]:
        computed = Queries(queries, self.range_of(queries, start, end), self.reader(start, end))
        for name, query in queries.items():
            if query.get("ReturnData", True):
                for series in computed.result(name):
                    yield name, series

    def range_of(self, queries: dict[str, dict[str, Any]], start: float, end: float) -> Range:
        """The periods that functions without a series of their own count in."""
        periods = [
            period_of(query) for query in queries.values() if "MetricStat" in query or "Period" in query
        ]
        period = min(periods, default=DEFAULT_PERIOD)
        return Range(rounded(start, period, self.house.clock()), ceil(end), period)

    def reader(self, start: float, end: float) -> Any:
        """What reads the metric of a query."""

        def read(query: dict[str, Any]) -> Series:
            stat, period = query["MetricStat"], period_of(query)
            name = metric_name(stat["Metric"])
            begin = rounded(start, period, self.house.clock())
            values = self.measured(name, begin, ceil(end), period, stat["Stat"], stat.get("Unit"))
            return Series(values, query.get("Label") or name.name, period)

        return read


def metric_name(metric: dict[str, Any]) -> Name:
    """The metric that a request names; both its namespace and its name are needed."""
    if not metric.get("Namespace") or not metric.get("MetricName"):
        raise unfit("The parameter Metric must have a Namespace and a MetricName.")
    return Name(
        metric["Namespace"], metric["MetricName"], dimensions(metric.get("Dimensions") or [], "Metric")
    )


def period_of(query: dict[str, Any]) -> int:
    stat = query.get("MetricStat")
    period = int(stat["Period"] if stat else query["Period"])
    check_period(period)
    if stat:
        measure(stat["Stat"])
    return period


def _place(token: str, count: int) -> int:
    if not token.isdecimal() or not 0 < int(token) < max(count, 1):
        raise stale()
    return int(token)


def _told(found: list[tuple[str, Series]], points: list[Point], *, all_of_them: bool) -> list[dict[str, Any]]:
    """The series of one page; on the first page also those without a value."""
    values = {number: list(group) for number, group in groupby(points, key=lambda point: point[0])}
    return [
        {
            "Id": name,
            "Label": series.label,
            "Timestamps": [time for _, time, _ in values.get(number, [])],
            "Values": [value for _, _, value in values.get(number, [])],
            "StatusCode": "Complete",
        }
        for number, (name, series) in enumerate(found)
        if all_of_them or number in values
    ]
