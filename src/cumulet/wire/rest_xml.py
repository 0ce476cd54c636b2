"""REST XML: members in path, query and headers; the rest is an XML document. Amazon S3's protocol.

Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

from typing import Any

from cumulet.wire import bodies, failures, models, rest, xml
from cumulet.wire.bindings import unbound
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route
from cumulet.wire.shapes import Malformed, Shape

MEDIA_TYPE = "application/xml"
S3_NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

# S3's root elements: the model does not know them, some SDKs and people's scripts look for them.
S3_ROOTS = {
    "ListBuckets": "ListAllMyBucketsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListParts": "ListPartsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetObjectAcl": "AccessControlPolicy",
    "GetBucketTagging": "Tagging",
    "GetObjectTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetObjectAttributes": "GetObjectAttributesResponse",
}


def parse(route: Route, request: Request) -> dict[str, Any]:
    shape = models.plan(route.operation).input
    if shape is None:
        bodies.read(request)
        return {}
    return rest.parse(shape, route, request, _read)


def _read(shape: Shape, body: bytes) -> Any:
    node = xml.read(body)
    if node.tag not in shape.roots:
        raise Malformed(f"The document is a {node.tag:.60}, but it should be a {shape.wire or shape.name}.")
    return xml.parse_value(shape, node)


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    plan = models.plan(route.operation)

    def encode(shape: Shape, value: Any) -> bytes:
        return _document(route, shape, value)

    response = rest.serialize(plan.output, result, plan.status, encode, MEDIA_TYPE)
    response.headers += identity(route, request_id)
    return response


def _document(route: Route, shape: Shape, value: dict[str, Any]) -> bytes:
    operation = route.operation.name
    s3 = route.service == "s3"
    root = (S3_ROOTS.get(operation) if s3 else None) or shape.wire or shape.name
    namespace = shape.namespace or (S3_NAMESPACE if s3 else "")
    if s3 and operation == "GetBucketLocation":  # the one answer whose root is its only value
        region = xml.escape(value.get("LocationConstraint") or "")
        return f"{xml.DECLARATION}<LocationConstraint{namespace}>{region}</LocationConstraint>".encode()
    parts = [xml.DECLARATION, f"<{root}{namespace}{xml.attributes(shape, value)}>"]
    if shape.type == "structure":
        xml.write_members(parts, shape, unbound(shape, value))
    parts.append(f"</{root}>")
    return "".join(parts).encode()


def identity(route: Route | None, request_id: str) -> list[tuple[str, str]]:
    if route and route.service != "s3":
        return [("x-amzn-RequestId", request_id)]
    return [("x-amz-request-id", request_id), ("x-amz-id-2", host_id(request_id))]


def host_id(request_id: str) -> str:
    """S3's second request id, which AWS's support asks for."""
    return f"{request_id}-cumulet"


def serialize_error(route: Route | None, error: AwsError, request: Request, request_id: str) -> Response:
    status, members, failure = failures.describe(route, error)
    headers = identity(route, request_id)
    if request.method == "HEAD" or status == 304:
        return Response(status, headers)
    parts = [
        f"<Code>{xml.escape(failure.code if failure else error.code)}</Code>",
        f"<Message>{xml.escape(error.message)}</Message>",
        *_members(failure.shape if failure else None, failures.unspoken(members)),
    ]
    if route is None or route.service == "s3":
        parts = ["<Error>", *parts, *_s3_tail(request, request_id), "</Error>"]
    else:
        opening = f"<ErrorResponse><Error><Type>{failures.sender(status, failure)}</Type>"
        parts = [opening, *parts, f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"]
    headers = [
        ("Content-Type", MEDIA_TYPE),
        *headers,
        *(rest.write_headers(failure.shape, members) if failure else ()),
    ]
    return Response(status, headers, "".join([xml.DECLARATION, *parts]).encode())


def _members(shape: Shape | None, members: dict[str, Any]) -> list[str]:
    """Modeled members as modeled; S3's others (Key, BucketName, Condition ...) as plain elements."""
    parts: list[str] = []
    for name, value in members.items():
        if shape and name in shape.members:
            xml.write_members(parts, shape, unbound(shape, {name: value}))
        elif value is not None:
            parts.append(f"<{name}>{xml.escape(str(value))}</{name}>")
    return parts


def _s3_tail(request: Request, request_id: str) -> list[str]:
    return [
        f"<Resource>{xml.escape(request.path)}</Resource>",
        f"<RequestId>{request_id}</RequestId>",
        f"<HostId>{host_id(request_id)}</HostId>",
    ]
