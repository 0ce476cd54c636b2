"""The one exception that becomes an AWS error response."""

from __future__ import annotations

from typing import Any


class AwsError(Exception):
    """An error that the caller sees: AWS's own code, and a message that says what to do next.

    The code is one that the operation's model names, or one of AWS's common errors. `status` is only
    needed where the model does not say it. Further keyword arguments are members of the error's shape
    (for example `ResourceName` of S3's errors). `headers` go out with it (a 304 has nothing else).
    Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}
        self.members = members


class NotImplementedByCumulet(AwsError):
    """An honest gap: the operation or member exists on AWS and is not written here yet (HTTP 501)."""

    def __init__(self, what: str) -> None:
        super().__init__("NotImplemented", f"Cumulet does not implement {what} yet.", status=501)
