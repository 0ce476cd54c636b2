"""Which service, which operation, in which protocol? Read from what the request says, never from a default."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from botocore import xform_name
from botocore.model import OperationModel

from cumulet.wire.message import Request


@dataclass(slots=True)
class Route:
    """Where a request goes. `path` is the raw path that the operation's URI was matched against: for S3
    always path-style ("/bucket/key"), even where the bucket came in the host name."""

    service: str  # botocore's name, "sagemaker-runtime"
    operation: OperationModel
    protocol: str  # "json", "query", "ec2", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"
    path: str = "/"
    labels: dict[str, str] = field(default_factory=dict)  # URI labels, still percent-encoded
    region: str = ""  # as the host or the credential scope says, "" where neither does

    @property
    def method_name(self) -> str:
        return xform_name(self.operation.name)


def route(request: Request, carried: Collection[str]) -> Route:
    """Find the operation among the services that Cumulet carries; failing that, among all of botocore's."""
    raise NotImplementedError
