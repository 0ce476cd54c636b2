"""Monitoring schedules: there are none, since nothing here makes any. Clients ask before they delete an endpoint.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListMonitoringSchedules.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.resources import Resources


class Monitoring(Resources):
    def list_monitoring_schedules(
        self,
        *,
        EndpointName: str | None = None,
        SortBy: str = "CreationTime",
        SortOrder: str = "Descending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        NameContains: str | None = None,
        CreationTimeBefore: datetime | None = None,
        CreationTimeAfter: datetime | None = None,
        LastModifiedTimeBefore: datetime | None = None,
        LastModifiedTimeAfter: datetime | None = None,
        StatusEquals: str | None = None,
        MonitoringJobDefinitionName: str | None = None,
        MonitoringTypeEquals: str | None = None,
    ) -> dict[str, Any]:
        """An empty list whatever is asked for: CreateMonitoringSchedule is not written."""
        return {"MonitoringScheduleSummaries": []}
