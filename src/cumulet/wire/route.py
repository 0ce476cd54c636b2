"""Which service, which operation, in which protocol? Read from what the request says, never from a default.

botocore's models name a preferred protocol, but clients of other ages and languages speak others: each
says in its request which one. What is asked, in order: Smithy's RPC header, `X-Amz-Target`, `Action=`,
and at last method and path among the services that the signature's scope or the host name means.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cache

from botocore import xform_name
from botocore.model import OperationModel

from cumulet.wire import bodies, forms, hosts, models, uris
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request

RPC_PATH = re.compile(r".*/service/([^/]+)/operation/([^/]+)")
SCOPE = re.compile(r"Credential=[^/,\s]+/\d{8}/(?:([^/,\s]+)/)?([^/,\s]+)/aws4_request")
FORM_LIMIT = 16 << 20  # bytes of a form, which is read before it is known who sent it


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
        return _method_name(self.operation.name)


@cache
def _method_name(operation: str) -> str:
    return str(xform_name(operation))


def route(request: Request, carried: Collection[str]) -> Route:
    """Find the operation among the services that Cumulet carries; failing that, among all of botocore's."""
    found = _rpc(request, carried) or _query(request, carried) or _rest(request, carried)
    found.path = found.path or request.path
    found.region = scope(request)[1] or hosts.read(request.host).region
    return found


def scope(request: Request) -> tuple[str, str]:
    """The service and the region that the request was signed for, before anybody has checked that it was."""
    authorization = request.headers.get("authorization")
    if found := SCOPE.search(authorization):
        return found[2], found[1] or request.headers.get("x-amz-region-set").split(",")[0]
    if "X-Amz-Credential=" in request.query:
        parts = uris.parameters(request.query).get("X-Amz-Credential", "").split("/")
        return (parts[-2], parts[2] if len(parts) > 4 else "") if len(parts) > 3 else ("", "")
    if authorization.startswith("AWS ") or "AWSAccessKeyId=" in request.query:
        return "s3", ""
    return "", ""


def meant(request: Request, services: Collection[str]) -> list[str]:
    """The services among these that the signature's scope means, or else the host name.

    Several may share a signing name (SageMaker and its runtimes): their operations tell them apart.
    """
    index = models.index(frozenset(services))
    signed = scope(request)[0]
    if "x-amz-account-id" in request.headers and signed in ("s3", ""):
        return [name for name in ("s3control",) if name in services]  # shares S3's signing name
    if signed:
        return list(index.signing.get(signed, ()))
    for endpoint in hosts.read(request.host).endpoints:
        if endpoint in index.endpoint:
            return list(index.endpoint[endpoint])
    return []


def _widening(carried: Collection[str]) -> Iterable[Collection[str]]:
    """First where we can answer, then everywhere, so that the answer can say what is missing."""
    yield carried
    yield models.names()


def _operation(services: Iterable[str], name: str, version: str = "") -> tuple[str, OperationModel] | None:
    for service in services:
        model = models.service(service)
        if name in model.operation_names and version in ("", model.api_version):
            return service, model.operation_model(name)
    return None


def _rpc(request: Request, carried: Collection[str]) -> Route | None:
    """The protocols that name service and operation outright."""
    protocol, target = "json", request.headers.get("x-amz-target").rpartition(".")[::2]
    if smithy := request.headers.get("smithy-protocol"):
        said = RPC_PATH.fullmatch(request.path)
        if smithy != "rpc-v2-cbor" or not said:
            what = f"{request.path:.200} is no operation of the protocol {smithy:.40}."
            raise AwsError("UnknownOperationException", what, status=404)
        protocol, target = "smithy-rpc-v2-cbor", (said[1], said[2])
    elif not target[1]:
        return None
    for services in _widening(carried):
        if found := _operation(models.index(frozenset(services)).target.get(target[0], ()), target[1]):
            return Route(*found, protocol)
    raise AwsError("UnknownOperationException", f"{'.'.join(target)} is no operation that AWS has.")


def _query(request: Request, carried: Collection[str]) -> Route | None:
    """`Action=...`, in the query string or in a form."""
    if not _may_be_query(request):
        return None
    parameters = uris.parameters(request.query)
    if "Action" not in parameters and _is_form(request):
        body = bodies.read(request, FORM_LIMIT)
        request.body = io.BytesIO(body)
        parameters = uris.parameters(bodies.inflate(request, body, FORM_LIMIT).decode("latin-1"))
    if not (action := parameters.get("Action")):
        return None
    version = parameters.get("Version", "")
    for services in _widening(carried):
        names = meant(request, services) or _unsaid(request, carried)
        speaking = [name for name in names if _speaks(name, "query")]
        if found := _operation(speaking, action, version) or _operation(speaking, action):
            return Route(*found, "ec2" if _speaks(found[0], "ec2") else "query")
    raise AwsError("InvalidAction", f"Could not find operation {action:.100} for version {version:.20}")


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type")
    return request.method == "POST" and kind.startswith("application/x-www-form-urlencoded")


def _may_be_query(request: Request) -> bool:
    """Queries go to the root. Elsewhere a form is curl's word for any body, and `Action` a name like others,
    unless the service that is meant speaks query (SQS, to the paths of its queues)."""
    if request.path in ("", "/"):
        return "Action" in request.query or _is_form(request)
    return _is_form(request) and any(_speaks(name, "query") for name in meant(request, models.names()))


def _unsaid(request: Request, carried: Collection[str]) -> Collection[str]:
    """Unsigned, and to no host that says more (`AssumeRoleWithWebIdentity`): any service that we carry."""
    return () if scope(request)[0] else sorted(carried)


@cache
def _speaks(service: str, protocol: str) -> bool:
    said = models.metadata(service)
    spoken = {said["protocol"], *said.get("protocols", ())}
    return protocol in spoken or (protocol == "query" and "ec2" in spoken)


def _rest(request: Request, carried: Collection[str]) -> Route:
    query = uris.parameters(request.query)
    known = False
    for services in _widening(carried):
        names = meant(request, services)
        known = known or bool(names)
        if found := _match(request, query, names):
            return found
        if not (names or scope(request)[0]) and (found := _match(request, query, ["s3"])):
            return found
    raise _unknown(request, known)


def _match(request: Request, query: dict[str, str], services: Iterable[str]) -> Route | None:
    best: tuple[tuple[int, int], Route] | None = None
    for name in services:
        protocol = _rest_protocol(name)
        path = hosts.path_style(request) if name == "s3" else request.path
        if name == "s3" and request.method == "POST" and not query and "/" in path.strip("/"):
            continue  # what is posted to an object says in its query what it is, or is nothing
        found = table(name).match(request.method, path, query, request.headers) if protocol else None
        if protocol and found and (best is None or found.weight > best[0]):
            best = found.weight, Route(name, found.operation, protocol, path, found.labels)
    return best[1] if best else None


@cache
def table(service: str) -> uris.Table:
    return uris.Table(models.service(service))


@cache
def _rest_protocol(service: str) -> str | None:
    return next((protocol for protocol in ("rest-json", "rest-xml") if _speaks(service, protocol)), None)


def _unknown(request: Request, known: bool) -> AwsError:
    signed = scope(request)[0]
    if signed in ("", "s3") and request.method == "POST" and not request.query and forms.bucket_of(request):
        return forms.not_a_form()
    if signed in ("", "s3"):
        return AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.")
    if known:
        what = f"{request.method} {request.path:.200} is no operation."
        return AwsError("UnknownOperationException", what, status=404)
    return AwsError("UnknownOperationException", f"{signed:.60} is no service that AWS has.", status=404)
