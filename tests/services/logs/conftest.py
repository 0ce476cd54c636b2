"""A client of the session's server, and a group and stream of the test's own."""

from __future__ import annotations

import time
import uuid
from typing import Any, NamedTuple

import pytest


class Place(NamedTuple):
    """A log stream and the client that writes to it."""

    logs: Any
    group: str
    stream: str

    @property
    def names(self) -> dict[str, str]:
        return {"logGroupName": self.group, "logStreamName": self.stream}

    def put(self, *messages: str, at: int | None = None) -> dict[str, Any]:
        """Write messages a millisecond apart, the last one now (or from a time on)."""
        first = int(time.time() * 1000) - len(messages) if at is None else at
        events = [{"timestamp": first + n, "message": message} for n, message in enumerate(messages)]
        return self.logs.put_log_events(**self.names, logEvents=events)

    def get(self, **options: Any) -> dict[str, Any]:
        return self.logs.get_log_events(**self.names, **options)

    def filtered(self, pattern: str, **options: Any) -> list[str]:
        page = self.logs.filter_log_events(logGroupName=self.group, filterPattern=pattern, **options)
        return [event["message"] for event in page["events"]]


@pytest.fixture(scope="module")
def logs(client) -> Any:
    return client("logs")


@pytest.fixture
def place(logs) -> Place:
    made = Place(logs, f"/probe/{uuid.uuid4()}", "main/1")
    logs.create_log_group(logGroupName=made.group)
    logs.create_log_stream(**made.names)
    return made
