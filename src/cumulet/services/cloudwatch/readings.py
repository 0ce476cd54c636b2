"""A metric's samples read period by period."""

from __future__ import annotations

from cumulet.services import Service
from cumulet.services.cloudwatch.measures import measure
from cumulet.services.cloudwatch.refusals import invalid
from cumulet.store.distribution import Distribution
from cumulet.store.metrics import Name

SHORT = (1, 5, 10, 20, 30)  # periods below a minute, in seconds
DAY = 86400


class Readings(Service):
    def readings(
        self, name: Name, start: int, end: int, period: int, unit: str | None
    ) -> dict[tuple[int, str], Distribution]:
        """The values of each period that has any, by its start and their unit. Periods begin at `start`."""
        number = self.store.metrics.find(self.caller.scope, name)
        if number is None:
            return {}
        parts: dict[tuple[int, str], list[Distribution]] = {}
        for sample in self.store.metrics.samples(number, start, end):
            if unit in (None, sample.span.unit) and sample.span.resolution <= max(period, 60):
                begun = start + (sample.span.time - start) // period * period
                parts.setdefault((begun, sample.span.unit), []).append(sample.values)
        return {place: Distribution.together(found) for place, found in parts.items()}

    def measured(
        self, name: Name, start: int, end: int, period: int, stat: str, unit: str | None
    ) -> dict[int, float]:
        """One statistic of each period that has values, whatever their units."""
        compute = measure(stat)
        parts: dict[int, list[Distribution]] = {}
        for (begun, _), values in self.readings(name, start, end, period, unit).items():
            parts.setdefault(begun, []).append(values)
        told = {begun: compute(Distribution.together(found)) for begun, found in sorted(parts.items())}
        return {begun: value for begun, value in told.items() if value is not None}


def check_period(period: int) -> None:
    if period not in SHORT and (period < 60 or period % 60):
        raise invalid(
            f"The parameter Period must be {', '.join(map(str, SHORT))} or a multiple of 60, not {period}."
        )


def rounded(start: float, period: int, now: float) -> int:
    """Where the periods begin: AWS rounds a start down, further the longer ago it is.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
    """
    age = now - start
    step = 3600 if age > 63 * DAY else 300 if age > 15 * DAY else min(period, 60)
    return int(start // step * step)
