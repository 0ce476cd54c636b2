"""What an error is on the wire: its status, its shape, and what each protocol says about it."""

from __future__ import annotations

from typing import Any

from cumulet.wire import models
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request
from cumulet.wire.route import Route
from cumulet.wire.shapes import Failure

# Errors that any service may answer with; the models do not name them.
# Source: https://docs.aws.amazon.com/awssupport/latest/APIReference/CommonErrors.html and S3's list:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
COMMON = {
    "AccessDenied": 403,
    "AccessDeniedException": 400,
    "AuthFailure": 401,
    "ExpiredToken": 400,
    "ExpiredTokenException": 403,
    "IncompleteBody": 400,
    "IncompleteSignature": 400,
    "IncompleteSignatureException": 403,
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServerError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidAction": 400,
    "InvalidClientTokenId": 403,
    "InvalidObjectState": 403,
    "InvalidRange": 416,
    "InvalidSignatureException": 403,
    "InvalidToken": 400,
    "MethodNotAllowed": 405,
    "MissingAuthenticationToken": 403,
    "MissingAuthenticationTokenException": 403,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchBucketPolicy": 404,
    "NoSuchCORSConfiguration": 404,
    "NoSuchKey": 404,
    "NoSuchLifecycleConfiguration": 404,
    "NoSuchTagSet": 404,
    "NoSuchUpload": 404,
    "NoSuchVersion": 404,
    "NoSuchWebsiteConfiguration": 404,
    "NotImplemented": 501,
    "NotModified": 304,
    "ObjectLockConfigurationNotFoundError": 404,
    "OptInRequired": 403,
    "BucketAlreadyExists": 409,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "OperationAborted": 409,
    "OwnershipControlsNotFoundError": 404,
    "PermanentRedirect": 301,
    "PreconditionFailed": 412,
    "ReplicationConfigurationNotFoundError": 404,
    "RequestEntityTooLarge": 413,
    "RequestExpired": 400,
    "RequestTimeTooSkewed": 403,
    "ServerSideEncryptionConfigurationNotFoundError": 404,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
    "TemporaryRedirect": 307,
    "UnrecognizedClientException": 400,
}


def describe(route: Route | None, error: AwsError) -> tuple[int, dict[str, Any], Failure | None]:
    """An error's HTTP status, the members it carries, and the model's word on it if there is one."""
    failure = None
    if route:
        failure = models.shapes(route.operation.service_model).failures.get(error.code)
    status = error.status or (failure.status if failure and "error" in failure.shape.traits else None)
    return status or COMMON.get(error.code) or (failure.status if failure else 400), error.members, failure


def unspoken(members: dict[str, Any]) -> dict[str, Any]:
    """The members that an XML error's own elements do not say already."""
    return {name: value for name, value in members.items() if name not in ("Code", "Message", "message")}


def sender(status: int, failure: Failure | None) -> str:
    """Whose fault: the query protocols say so in `Type`."""
    return "Sender" if (failure.sender if failure else status < 500) else "Receiver"


def query_compatible(
    route: Route | None, request: Request, error: AwsError, status: int
) -> list[tuple[str, str]]:
    """Services that once spoke query tell clients that ask for it the code that they used then.

    Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
    """
    if not (route and models.plan(route.operation).compatible and request.headers.get("x-amzn-query-mode")):
        return []
    failure = models.shapes(route.operation.service_model).failures.get(error.code)
    return [("x-amzn-query-error", f"{failure.code if failure else error.code};{sender(status, failure)}")]
