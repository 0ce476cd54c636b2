"""A query's changes of state on the stream of events, in the form in which EventBridge tells them.

https://docs.aws.amazon.com/athena/latest/ug/athena-events.html
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from cumulet.services import Service

KIND = "athena.query-execution"


def announce(service: Service, body: dict[str, Any], before: str, state: str, at: float) -> None:
    """A query execution has another state: told in the commit that remembers it."""
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Athena Query State Change",
        "source": "aws.athena",
        "account": service.caller.account,
        "time": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": service.caller.region,
        "resources": [],
        "detail": {
            "versionId": "0",
            "currentState": state,
            "previousState": before,
            "statementType": body["StatementType"],
            "queryExecutionId": body["QueryExecutionId"],
            "workgroupName": body["WorkGroup"],
            "sequenceNumber": "3" if before == "RUNNING" else "2",
            **_error(body["Status"].get("AthenaError")),
        },
    }
    service.store.events.append(KIND, service.caller.scope, event, at)


def _error(error: dict[str, Any] | None) -> dict[str, Any]:
    """Why a query failed, its members' names beginning with a small letter, as events have them."""
    return (
        {"athenaError": {name[0].lower() + name[1:]: value for name, value in error.items()}} if error else {}
    )
