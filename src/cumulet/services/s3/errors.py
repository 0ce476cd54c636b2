"""S3's own errors, each with the members that its clients read.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
"""

from __future__ import annotations

from email.utils import formatdate

from cumulet.wire.errors import AwsError


def no_such_bucket(bucket: str) -> AwsError:
    return AwsError("NoSuchBucket", "The specified bucket does not exist", status=404, BucketName=bucket)


def no_such_key(key: str, headers: dict[str, str] | None = None) -> AwsError:
    return AwsError("NoSuchKey", "The specified key does not exist.", status=404, headers=headers, Key=key)


def no_such_version(key: str, version: str) -> AwsError:
    return AwsError(
        "NoSuchVersion", "The specified version does not exist.", status=404, Key=key, VersionId=version
    )


def no_such_upload(upload: str) -> AwsError:
    return AwsError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed.",
        status=404,
        UploadId=upload,
    )


def no_such_configuration(code: str, what: str, bucket: str) -> AwsError:
    return AwsError(code, f"The {what} does not exist", status=404, BucketName=bucket)


def access_denied(what: str = "Access Denied") -> AwsError:
    return AwsError("AccessDenied", what, status=403)


def precondition_failed(condition: str) -> AwsError:
    return AwsError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition=condition,
    )


def not_modified(etag: str, modified: float) -> AwsError:
    """304: no body; the headers that a 200 would have had (RFC 9110, 15.4.5)."""
    headers = {"ETag": f'"{etag}"', "Last-Modified": formatdate(modified, usegmt=True)}
    return AwsError("NotModified", "Not Modified", status=304, headers=headers)


def invalid_argument(message: str, name: str, value: object) -> AwsError:
    return AwsError("InvalidArgument", message, status=400, ArgumentName=name, ArgumentValue=str(value))


def invalid_request(message: str) -> AwsError:
    return AwsError("InvalidRequest", message, status=400)


def incomplete_body(expected: int, arrived: int) -> AwsError:
    return AwsError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
        status=400,
        NumberBytesExpected=str(expected),
        NumberBytesProvided=str(arrived),
    )


def malformed_xml() -> AwsError:
    return AwsError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema",
        status=400,
    )
