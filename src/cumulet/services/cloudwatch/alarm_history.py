"""What happened to an alarm: kept for thirty days, told newest first.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cumulet.services import Service
from cumulet.services.cloudwatch.pages import page

KIND = "cloudwatch.alarm_history"
KEPT = 30 * 86400
BETWEEN = "\x1f"  # a name cannot have it
END = 10**17  # microseconds; what is subtracted from it sorts the newest first


class AlarmHistory(Service):
    def describe_alarm_history(
        self,
        *,
        AlarmName: str | None = None,
        AlarmTypes: list[str] | None = None,
        HistoryItemType: str | None = None,
        StartDate: datetime | None = None,
        EndDate: datetime | None = None,
        MaxRecords: int = 100,
        NextToken: str | None = None,
        ScanBy: str = "TimestampDescending",
    ) -> dict[str, Any]:
        """Where no types are named, metric alarms are meant, as on AWS."""
        items = [
            (place, item)
            for place, item in self._items(AlarmName)
            if item["AlarmType"] in (AlarmTypes or ["MetricAlarm"])
            and HistoryItemType in (None, item["HistoryItemType"])
            and (StartDate is None or item["Timestamp"] >= StartDate.timestamp())
            and (EndDate is None or item["Timestamp"] <= EndDate.timestamp())
        ]
        found = sorted(items, key=lambda one: one[0])
        if ScanBy == "TimestampAscending":
            found = [([f"{END - int(place[0]):017}", place[1]], item) for place, item in reversed(found)]
        shown, token = page(found, lambda one: one[0], NextToken, MaxRecords)
        return {"AlarmHistoryItems": [item for _, item in shown], "NextToken": token}

    def record(self, name: str, kind: str, item: str, summary: str, data: dict[str, Any]) -> None:
        """Add an item to an alarm's history, and drop what is too old there."""
        now = self.house.clock()
        body = {
            "AlarmName": name,
            "AlarmType": kind,
            "Timestamp": now,
            "HistoryItemType": item,
            "HistorySummary": summary,
            "HistoryData": json.dumps(data, separators=(",", ":")),
        }
        place = BETWEEN.join((name, f"{END - int(now * 1e6):017}", item))
        self.store.records.put(KIND, self.caller.scope, place, body)
        oldest = f"{name}{BETWEEN}{END - int((now - KEPT) * 1e6):017}"
        for old, _ in self.store.records.list(KIND, self.caller.scope, prefix=name + BETWEEN, after=oldest):
            self.store.records.delete(KIND, self.caller.scope, old)

    def _items(self, name: str | None) -> list[tuple[list[str], dict[str, Any]]]:
        found = self.store.records.list(KIND, self.caller.scope, prefix=name + BETWEEN if name else "")
        return [([place.split(BETWEEN)[1], place], body) for place, body in found]
