"""What is wrong with a job or a request, as the algorithms' containers say it."""

from __future__ import annotations


class ClientError(Exception):
    """The user's to put right: the job's FailureReason begins with "ClientError:"."""


class BadRequest(Exception):
    """A request that a model cannot answer: an HTTP status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def missing(package: str, extra: str = "algorithms") -> ClientError:
    return ClientError(
        f"The library {package} is not installed in the Python of this job: pip install 'cumulet[{extra}]'"
    )
