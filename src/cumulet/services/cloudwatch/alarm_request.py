"""What AWS refuses of a metric alarm's settings."""

from __future__ import annotations

from typing import Any

from cumulet.services.cloudwatch.datums import dimensions
from cumulet.services.cloudwatch.evaluation import checked
from cumulet.services.cloudwatch.judging import COMPARISONS
from cumulet.services.cloudwatch.measures import measure
from cumulet.services.cloudwatch.metric_data import metric_name, period_of
from cumulet.services.cloudwatch.readings import check_period
from cumulet.services.cloudwatch.refusals import unfit
from cumulet.wire.errors import NotImplementedByCumulet

DAY = 86400
TREATMENTS = ("breaching", "notBreaching", "ignore", "missing")


def check_metric_alarm(body: dict[str, Any]) -> None:
    _check_thresholds(body)
    queries = body.get("Metrics")
    if (queries is None) == ("MetricName" not in body):
        raise unfit("Exactly one of MetricName and Metrics must be specified.")
    period = _check_metric(body) if queries is None else _check_queries(queries)
    if period * body["EvaluationPeriods"] > (7 * DAY if period >= 3600 else DAY):
        raise unfit(
            "Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= 86400), "
            "or seven days where the period is an hour or more."
        )


def _check_thresholds(body: dict[str, Any]) -> None:
    if body["ComparisonOperator"] not in COMPARISONS:
        raise NotImplementedByCumulet(f"alarms with ComparisonOperator {body['ComparisonOperator']}")
    if body.get("DatapointsToAlarm", 1) > body["EvaluationPeriods"]:
        raise unfit("DatapointsToAlarm must not be greater than EvaluationPeriods.")
    if body.get("TreatMissingData", "missing") not in TREATMENTS:
        raise unfit(f"TreatMissingData must be one of {', '.join(TREATMENTS)}.")
    if body.get("EvaluateLowSampleCountPercentile", "evaluate") != "evaluate":
        raise NotImplementedByCumulet("EvaluateLowSampleCountPercentile ignore")


def _check_metric(body: dict[str, Any]) -> int:
    if not body.get("Namespace"):
        raise unfit("The parameter Namespace is required where MetricName is specified.")
    if ("Statistic" in body) == ("ExtendedStatistic" in body):
        raise unfit("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if "Period" not in body:
        raise unfit("The parameter Period is required where MetricName is specified.")
    measure(body.get("Statistic") or body["ExtendedStatistic"])
    dimensions(body.get("Dimensions") or [], "Alarm")
    check_period(body["Period"])
    return int(body["Period"])


def _check_queries(queries: list[dict[str, Any]]) -> int:
    named = checked(queries)
    if sum(query.get("ReturnData", True) for query in named.values()) != 1:
        raise unfit("Exactly one element of the metrics list should return data.")
    for query in named.values():
        if "MetricStat" in query:
            metric_name(query["MetricStat"]["Metric"])
    return max(period_of(query) for query in named.values() if "MetricStat" in query or "Period" in query)
