"""Dashboards: kept for those who draw them. Their bodies are checked for being a dashboard's JSON, no more.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
import re
from typing import Any

from cumulet.services import Service
from cumulet.services.cloudwatch import tags
from cumulet.services.cloudwatch.pages import page
from cumulet.wire.errors import AwsError

KIND = "cloudwatch.dashboard"
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
PAGE = 1000


class Dashboards(Service):
    def put_dashboard(
        self, *, DashboardName: str, DashboardBody: str, Tags: list[dict[str, str]] | None = None
    ) -> dict[str, Any]:
        if not NAME.fullmatch(DashboardName):
            raise _unfit("The dashboard's name may have letters, digits, - and _, at most 255.")
        _check(DashboardBody)
        body = {"body": DashboardBody, "modified": self.house.clock()}

        def change() -> None:
            self.store.records.put(KIND, self.caller.scope, DashboardName, body)
            named = {tag["Key"]: tag["Value"] for tag in Tags or []}
            self.store.records.put(tags.KIND, self.caller.scope, self._arn(DashboardName), named)

        self.store.atomically(change)
        return {"DashboardValidationMessages": []}

    def get_dashboard(self, *, DashboardName: str) -> dict[str, Any]:
        found = self._dashboard(DashboardName)
        return {
            "DashboardArn": self._arn(DashboardName),
            "DashboardBody": found["body"],
            "DashboardName": DashboardName,
        }

    def list_dashboards(
        self, *, DashboardNamePrefix: str = "", NextToken: str | None = None
    ) -> dict[str, Any]:
        found = self.store.records.list(KIND, self.caller.scope, prefix=DashboardNamePrefix)
        shown, token = page(found, lambda one: [one[0]], NextToken, PAGE)
        entries = [
            {
                "DashboardName": name,
                "DashboardArn": self._arn(name),
                "LastModified": body["modified"],
                "Size": len(body["body"].encode()),
            }
            for name, body in shown
        ]
        return {"DashboardEntries": entries, "NextToken": token}

    def delete_dashboards(self, *, DashboardNames: list[str]) -> None:
        """All or none of them."""

        def change() -> None:
            for name in DashboardNames:
                self._dashboard(name)
                self.store.records.delete(KIND, self.caller.scope, name)
                self.store.records.delete(tags.KIND, self.caller.scope, self._arn(name))

        self.store.atomically(change)

    def _dashboard(self, name: str) -> dict[str, Any]:
        if (found := self.store.records.get(KIND, self.caller.scope, name)) is None:
            raise AwsError("ResourceNotFound", f"Dashboard {name} does not exist.", status=404)
        return found

    def _arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch::{self.caller.account}:dashboard/{name}"


def _check(body: str) -> None:
    try:
        read = json.loads(body)
    except ValueError as error:
        raise _unfit(f"The field DashboardBody must be a valid JSON object: {error}") from None
    if not isinstance(read, dict) or not isinstance(read.get("widgets"), list):
        raise _unfit("The field DashboardBody must be a JSON object with an array of widgets.")


def _unfit(message: str) -> AwsError:
    return AwsError(
        "InvalidParameterInput", message, status=400, dashboardValidationMessages=[{"Message": message}]
    )
