"""What a query that has ended tells CloudWatch, where its work group publishes metrics.

https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NAMESPACE = "AWS/Athena"
TIMES = {
    "TotalExecutionTime": "TotalExecutionTimeInMillis",
    "QueryQueueTime": "QueryQueueTimeInMillis",
    "QueryPlanningTime": "QueryPlanningTimeInMillis",
    "EngineExecutionTime": "EngineExecutionTimeInMillis",
    "ServiceProcessingTime": "ServiceProcessingTimeInMillis",
}
STATES = {"CANCELLED": "CANCELED"}  # spelt otherwise here


def metric_data(body: dict[str, Any]) -> list[dict[str, Any]]:
    """One value of each metric, under its query's state, type and work group; bytes are told of DML only."""
    statistics, status = body["Statistics"], body["Status"]
    dimensions = [
        {"Name": "QueryState", "Value": STATES.get(status["State"], status["State"])},
        {"Name": "QueryType", "Value": body["StatementType"]},
        {"Name": "WorkGroup", "Value": body["WorkGroup"]},
    ]
    told = {name: ("Milliseconds", statistics[key]) for name, key in TIMES.items() if key in statistics}
    if body["StatementType"] == "DML" and "DataScannedInBytes" in statistics:
        told["ProcessedBytes"] = ("Bytes", statistics["DataScannedInBytes"])
    ended = datetime.fromtimestamp(status["CompletionDateTime"], UTC)
    return [
        {
            "MetricName": name,
            "Unit": unit,
            "Value": float(value),
            "Timestamp": ended,
            "Dimensions": dimensions,
        }
        for name, (unit, value) in told.items()
    ]
