"""The work that judges alarms: one for an account and region, while it has any.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html#alarm-evaluation
"""

from __future__ import annotations

from typing import Any

from cumulet.jobs import Job, Suspended
from cumulet.services.cloudwatch.alarm_records import METRIC, Body
from cumulet.services.cloudwatch.composite_alarms import CompositeAlarms
from cumulet.services.cloudwatch.evaluation import Queries, checked
from cumulet.services.cloudwatch.judging import EXTRA, Judgement, Point, Rule, explain, judge
from cumulet.services.cloudwatch.metric_data import MetricData, period_of
from cumulet.services.cloudwatch.series import Range
from cumulet.wire.errors import AwsError

LOOK = 1.0  # seconds between two looks at the clock
MINUTE, SHORT = 60, 10  # how often an alarm is judged: by the minute, with a shorter period every 10 seconds


class Watching(CompositeAlarms, MetricData):
    def watch_alarms(self, job: Job) -> None:
        """Work: judge each alarm once in its step of time, until there are none left."""
        judged: dict[str, tuple[int, float]] = {}
        while not job.stopping:
            if job.leaving:
                raise Suspended
            if self._none_left():
                return
            self.judge_alarms(judged)
            job.wait(LOOK)

    def watch_alarms_failed(self, job: Job, reason: str) -> None:
        """The next alarm that is put starts the work anew."""
        self.store.records.delete("cloudwatch.watch", self.caller.scope, "alarms")

    def judge_alarms(self, judged: dict[str, tuple[int, float]]) -> None:
        """Judge what is due; `judged` remembers each alarm's last step, and which settings it had then."""
        now = self.house.clock()
        for body in self.alarms():
            if body["type"] != METRIC:
                continue
            step = MINUTE if _period(body) >= MINUTE else SHORT
            place = (int(now // step), body["AlarmConfigurationUpdatedTimestamp"])
            if judged.get(body["AlarmName"]) != place:
                judged[body["AlarmName"]] = place
                self._judge(body, int(now // step * step))
        self.judge_composites()

    def _judge(self, body: Body, end: int) -> None:
        rule, period = Rule.of(body), _period(body)
        start = end - (rule.periods + EXTRA) * period
        try:
            values = self._values(body, start, end, period)
        except AwsError as error:
            reason = f"The alarm's metrics could not be computed: {error.message}"
            return self.enter(body, Judgement("INSUFFICIENT_DATA", reason, ""))
        points = [Point(time, values.get(time)) for time in range(start, end, period)]
        state = judge(rule, points, body["StateValue"])
        if state == body["StateValue"]:
            return None
        described = {key.lower(): body[key] for key in ("Statistic", "Period", "Unit") if key in body}
        return self.enter(body, explain(rule, points, state, described, self.house.clock()))

    def _values(self, body: Body, start: int, end: int, period: int) -> dict[int, float]:
        queries = checked(_queries(body))
        computed = Queries(queries, Range(start, end, period), self.reader(start, end))
        (wanted,) = (name for name, query in queries.items() if query.get("ReturnData", True))
        found = computed.result(wanted)
        if len(found) != 1:
            raise AwsError(
                "ValidationError", f"The expression {wanted} gives {len(found)} time series, not one."
            )
        return found[0].values

    def _none_left(self) -> bool:
        """Whether the work is over; told in one change, so that a new alarm does not miss it."""

        def change() -> bool:
            if self.alarms():
                return False
            return self.store.records.delete("cloudwatch.watch", self.caller.scope, "alarms") or True

        return self.store.atomically(change)


def _queries(body: Body) -> list[dict[str, Any]]:
    """An alarm on one metric as the query that it is."""
    if queries := body.get("Metrics"):
        return list(queries)
    metric = {key: body[key] for key in ("Namespace", "MetricName", "Dimensions") if key in body}
    stat = {
        "Metric": metric,
        "Period": body["Period"],
        "Stat": body.get("Statistic") or body["ExtendedStatistic"],
    }
    return [{"Id": "m1", "MetricStat": stat | ({"Unit": body["Unit"]} if "Unit" in body else {})}]


def _period(body: Body) -> int:
    return max(period_of(query) for query in _queries(body) if "MetricStat" in query or "Period" in query)
