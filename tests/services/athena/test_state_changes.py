"""What is told on the stream of events while a query goes on.

https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.athena.state_changes import KIND


def told(house, caller, text: str) -> list[dict[str, Any]]:
    """The events of one query, until it has ended."""
    athena = house.service("athena", caller)
    found: list[dict[str, Any]] = []
    with house.store.events.watch() as watcher:
        name = athena.start_query_execution(
            QueryString=text, ResultConfiguration={"OutputLocation": "s3://told/out/"}
        )["QueryExecutionId"]
        while not found or found[-1]["detail"]["currentState"] not in ("SUCCEEDED", "FAILED"):
            event = watcher.get(timeout=60)
            if event.kind == KIND and event.body["detail"]["queryExecutionId"] == name:
                found.append(event.body)
    return found


def steps(events: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    details = [event["detail"] for event in events]
    return [(each["previousState"], each["currentState"], each["sequenceNumber"]) for each in details]


def test_a_querys_states_are_told_once_each(house, caller):
    house.service("s3", caller).create_bucket(Bucket="told")
    queried, defined, failed = (
        told(house, caller, text)
        for text in ("SELECT 1", "CREATE DATABASE told", "SELECT nothing FROM nowhere.at_all")
    )
    assert steps(queried) == [("QUEUED", "RUNNING", "2"), ("RUNNING", "SUCCEEDED", "3")]
    assert steps(defined) == steps(queried)
    assert [event["detail"]["statementType"] for event in (queried[-1], defined[-1])] == ["DML", "DDL"]
    last = failed[-1]["detail"]
    assert (last["currentState"], last["workgroupName"], last["versionId"]) == ("FAILED", "primary", "0")
    assert last["athenaError"]["errorCategory"] == 2
    assert last["athenaError"]["errorMessage"].startswith("SCHEMA_NOT_FOUND")
    assert failed[-1]["detail-type"] == "Athena Query State Change"
    assert (failed[-1]["source"], failed[-1]["resources"]) == ("aws.athena", [])
