"""Lines into CloudWatch Logs, in Glue's own log groups."""

from __future__ import annotations

from typing import Any

from cumulet.services import Service
from cumulet.wire.errors import AwsError


def open_stream(service: Service, group: str, stream: str) -> Any:
    """The logs service, with the group and the stream there."""
    logs = service.other("logs")
    for make, members in (
        (logs.create_log_group, {"logGroupName": group}),
        (logs.create_log_stream, {"logGroupName": group, "logStreamName": stream}),
    ):
        try:
            make(**members)
        except AwsError as error:
            if error.code != "ResourceAlreadyExistsException":
                raise
    return logs


class Log:
    """`log("INFO", "Created table ...")`: a crawler's line, written before the work goes on."""

    def __init__(self, service: Service, group: str, stream: str, prefix: str) -> None:
        self.service = service
        self.where = {"logGroupName": group, "logStreamName": stream}
        self.prefix = prefix
        self.logs = open_stream(service, group, stream)

    def __call__(self, level: str, message: str) -> None:
        event = {
            "timestamp": int(self.service.house.clock() * 1000),
            "message": f"{self.prefix}{level} : {message}",
        }
        self.logs.put_log_events(logEvents=[event], **self.where)
