"""CloudWatch by boto3, and in a house whose clock a test moves."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller

CALLER = Caller("123456789012", "us-east-1")


@pytest.fixture
def cloudwatch(client):
    return client("cloudwatch")


@pytest.fixture
def namespace() -> str:
    """A namespace of the test's own."""
    return f"Shop/{uuid.uuid4()}"


class Here:
    """The service in this process, at a moment of the test's choice."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.now = 1_800_000_000.0
        house.clock = lambda: self.now
        self.service = house.service("cloudwatch", CALLER)
        self.judged: dict[str, Any] = {}

    def measure(self, *values: float, name: str = "Errors") -> None:
        """The values of this minute."""
        data = [{"MetricName": name, "Value": value} for value in values]
        self.service.put_metric_data(Namespace="Shop", MetricData=data)

    def minute(self, *values: float) -> str:
        """Let a minute with these values pass; the state of the alarm `broken` after it."""
        if values:
            self.measure(*values)
        self.now += 60
        self.service.judge_alarms(self.judged)
        return self.alarm()["StateValue"]

    def alarm(self, name: str = "broken") -> dict[str, Any]:
        return self.service.alarm(name)


@pytest.fixture
def here(tmp_path):
    made = House(Config(data_dir=tmp_path))
    yield Here(made)
    made.close()
