"""The query protocol and EC2's variant of it: `Action=...&Filter.1.Name=...` in, XML out.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html and aws-ec2-query-protocol.html
"""

from __future__ import annotations

from typing import Any

from cumulet.wire import bodies, failures, models, texts, uris, xml
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Request, Response
from cumulet.wire.route import Route
from cumulet.wire.shapes import Malformed, Shape

DEPTH = 40  # dots in a parameter's name
PARAMETERS = 100_000

Tree = dict[str, Any]  # {"Filter": {"1": {"Name": {"": "text"}}}}: a name's text is under ""


def parse(route: Route, request: Request) -> dict[str, Any]:
    shape = models.plan(route.operation).input
    body = bodies.inflate(request, bodies.read(request))
    pairs = parameters(request.query) + parameters(body.decode("latin-1"))
    if shape is None:
        return {}
    return _structure(shape, _tree(pairs), route.protocol == "ec2")


def parameters(text: str) -> list[tuple[str, str]]:
    """The pairs of a form-encoded string."""
    try:
        return uris.pairs(text, most=PARAMETERS)
    except ValueError as error:
        raise AwsError(
            "MalformedQueryString", f"The query string is malformed: {error}", status=400
        ) from error


def _tree(pairs: list[tuple[str, str]]) -> Tree:
    root: Tree = {}
    for name, text in pairs:
        node = root
        parts = name.split(".", DEPTH)
        if len(parts) > DEPTH:
            raise Malformed(f"{name[:60]}... is nested too deeply.")
        for part in parts:
            node = node.setdefault(part, {}) if part else node
        if node is not root:
            node[""] = text
    return root


def _value(shape: Shape, node: Tree, ec2: bool) -> Any:
    if shape.type == "structure":
        return _structure(shape, node, ec2)
    if shape.type == "list":
        return _list(shape, node, ec2)
    if shape.type == "map":
        return _map(shape, node, ec2)
    if (text := node.get("")) is None:
        raise Malformed(f"{next(iter(node))!r:.60} is not part of a {shape.type}.")
    return texts.parse(shape, text)


def _structure(shape: Shape, tree: Tree, ec2: bool) -> dict[str, Any]:
    names = shape.ec2_names if ec2 else shape.query_names
    found = {}
    for part, node in tree.items():
        if part and (use := names.get(part)):
            found[use[0]] = _value(use[1], node, ec2)
    return found


def _list(shape: Shape, node: Tree, ec2: bool) -> list[Any]:
    """`Name.member.1`, or `Name.1` where flattened and always in EC2's variant; `Name=` is the empty list."""
    if not (ec2 or shape.flattened):
        node = node.get(shape.member.wire or "member", {})
    return [_value(shape.member, node[index], ec2) for index in _indices(node)]


def _map(shape: Shape, node: Tree, ec2: bool) -> dict[Any, Any]:
    entries = node if shape.flattened else node.get("entry", {})
    key, value = shape.key.wire or "key", shape.value.wire or "value"
    found = {}
    for index in _indices(entries):
        entry = entries[index]
        if key not in entry or value not in entry:
            raise Malformed(f"An entry of a map needs both {key} and {value}.")
        found[_value(shape.key, entry[key], ec2)] = _value(shape.value, entry[value], ec2)
    return found


def _indices(node: Tree) -> list[str]:
    """The keys of a list's elements in order. They need not be without gaps."""
    names = [name for name in node if name]
    for name in names:
        if not (name.isascii() and name.isdigit() and len(name) < 10):
            raise Malformed(f"{name!r:.60} is not an index of a list.")
    return sorted(names, key=int)


def serialize(route: Route, result: dict[str, Any], request_id: str) -> Response:
    plan = models.plan(route.operation)
    parts = [xml.DECLARATION, f"<{route.operation.name}Response{_namespace(route)}>"]
    if plan.result_wrapper:
        parts.append(f"<{plan.result_wrapper}>")
    if plan.output:
        xml.write_members(parts, plan.output, result)
    if plan.result_wrapper:
        parts.append(f"</{plan.result_wrapper}>")
    parts.append(_request_id(route, request_id))
    parts.append(f"</{route.operation.name}Response>")
    return _respond(200, parts, request_id)


def _request_id(route: Route, request_id: str) -> str:
    if route.protocol == "ec2":
        return f"<requestId>{request_id}</requestId>"
    return f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"


def _namespace(route: Route) -> str:
    said = route.operation.service_model.metadata.get("xmlNamespace")
    if not said and route.protocol == "ec2":
        said = f"http://ec2.amazonaws.com/doc/{route.operation.service_model.api_version}/"
    return f' xmlns="{said}"' if isinstance(said, str) else ""


def serialize_error(route: Route | None, error: AwsError, request: Request, request_id: str) -> Response:
    status, members, failure = failures.describe(route, error)
    code = f"<Code>{xml.escape(failure.code if failure else error.code)}</Code>"
    parts = [code, f"<Message>{xml.escape(error.message)}</Message>"]
    if failure:
        xml.write_members(parts, failure.shape, failures.unspoken(members))
    if route and route.protocol == "ec2":
        closing = f"</Error></Errors><RequestID>{request_id}</RequestID></Response>"
        parts = ["<Response><Errors><Error>", *parts, closing]
    else:
        kind = f"<Type>{failures.sender(status, failure)}</Type>"
        opening = f"<ErrorResponse{_namespace(route) if route else ''}><Error>{kind}"
        parts = [opening, *parts, f"</Error><RequestId>{request_id}</RequestId></ErrorResponse>"]
    return _respond(status, [xml.DECLARATION, *parts], request_id)


def _respond(status: int, parts: list[str], request_id: str) -> Response:
    headers = [("Content-Type", "text/xml"), ("x-amzn-RequestId", request_id)]
    return Response(status, headers, "".join(parts).encode())
