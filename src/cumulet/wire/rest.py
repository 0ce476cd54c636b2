"""What REST JSON and REST XML share: everything but the body.

Members travel in the path, the query string and headers, as the model binds them; one may be the body.
Source: https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from cumulet.wire import bodies, digests, eventstream, models, texts
from cumulet.wire.bindings import Bindings, bindings_of
from cumulet.wire.errors import AwsError
from cumulet.wire.message import FileSpan, Request, Response
from cumulet.wire.query import parameters
from cumulet.wire.route import Route
from cumulet.wire.shapes import Malformed, Shape

Read = Callable[[Shape, bytes], Any]
Encode = Callable[[Shape, Any], bytes]


class MalformedArgument(Malformed):
    """What does not fit is in the path, the query string or a header, not in the body."""


def parse(shape: Shape, route: Route, request: Request, read: Read) -> dict[str, Any]:
    """An operation's members from all over the request. `read` makes a value of the body's bytes."""
    bindings = bindings_of(shape)
    members: dict[str, Any] = {}
    try:
        _labels(members, bindings, route)
        _query(members, bindings, request, models.plan(route.operation).literals)
        _headers(members, bindings, request)
    except MalformedArgument:
        raise
    except Malformed as error:
        raise MalformedArgument(str(error)) from error
    if shape.payload:
        _payload(members, shape.payload, shape.members[shape.payload], route, request, read)
    elif (body := _whole(route, request)).strip() and bindings.body:
        members.update(read(shape, body))
    return members


def _whole(route: Route, request: Request) -> bytes:
    body = bodies.read(request)
    digests.check(request, body, checksummed=bool(route.operation.http_checksum))
    return bodies.inflate(request, body) if models.plan(route.operation).compressed else body


def text_of(raw: str) -> str:
    """Percent-encoded text. The raw path is the bytes that came, each as one character."""
    try:
        return unquote_to_bytes(raw.encode("latin-1")).decode()
    except UnicodeError as error:
        raise AwsError("InvalidURI", "Couldn't parse the specified URI.", status=400) from error


def _labels(members: dict[str, Any], bindings: Bindings, route: Route) -> None:
    for wire, raw in route.labels.items():
        if use := bindings.labels.get(wire):
            members[use[0]] = texts.parse(use[1], text_of(raw))


def _query(members: dict[str, Any], bindings: Bindings, request: Request, literals: frozenset[str]) -> None:
    if not request.query:
        return
    rest: dict[str, list[str]] = {}
    for wire, text in parameters(request.query):
        if use := bindings.query.get(wire):
            _query_member(members, *use, text)
        elif (use := bindings.headers.get(lowered := wire.lower())) and lowered.startswith("x-amz-"):
            members[use[0]] = _header(use[1], text)  # presigned URLs may carry headers in their query
        elif not lowered.startswith("x-amz-") and wire not in literals:
            rest.setdefault(wire, []).append(text)
    if bindings.query_map and rest:
        name, shape = bindings.query_map
        many = shape.value.type == "list"
        members[name] = {wire: found if many else found[-1] for wire, found in rest.items()}


def _query_member(members: dict[str, Any], name: str, shape: Shape, text: str) -> None:
    if shape.type == "list":
        members.setdefault(name, []).append(texts.parse(shape.member, text))
    else:
        members[name] = texts.parse(shape, text)


def _headers(members: dict[str, Any], bindings: Bindings, request: Request) -> None:
    for lowered, text in request.headers:
        if use := bindings.headers.get(lowered):
            members[use[0]] = _header(use[1], text)
        for prefix, name, _ in bindings.prefixes:
            if lowered.startswith(prefix):
                members.setdefault(name, {})[lowered[len(prefix) :]] = text


def _header(shape: Shape, text: str) -> Any:
    if shape.type != "list":
        return texts.parse(shape, text, "rfc822")
    return [texts.parse(shape.member, item, "rfc822") for item in _items(shape.member, text)]


QUOTED = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')


def _items(member: Shape, text: str) -> list[str]:
    """A header's list: at commas, but not within quotes, and not within HTTP's dates."""
    if not text.strip():
        return []
    if member.type == "timestamp" and (member.timestamp or "rfc822") == "rfc822":
        halves = [part.strip() for part in text.split(",")]
        return [", ".join(pair) for pair in zip(halves[::2], halves[1::2], strict=False)]
    if '"' not in text:
        return [part.strip() for part in text.split(",")]
    return [_unquote(found) for found in QUOTED.finditer(text) if found.start() < len(text)]


def _unquote(found: re.Match[str]) -> str:
    return re.sub(r"\\(.)", r"\1", found[1]) if found[1] is not None else found[2].strip()


def _payload(
    members: dict[str, Any], name: str, shape: Shape, route: Route, request: Request, read: Read
) -> None:
    if shape.type == "blob" and shape.streaming:
        members[name] = bodies.streamed(request, route.service)
    elif shape.eventstream:
        members[name] = eventstream.messages(request.body.read)
    elif not (body := _whole(route, request)):
        return
    elif shape.type == "blob":
        members[name] = body
    elif shape.type == "string":
        members[name] = _decoded(body)
    else:
        members[name] = read(shape, body)


def _decoded(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Malformed("The body is not UTF-8.") from error


# Values to a response


def serialize(
    shape: Shape | None, result: dict[str, Any], status: int, encode: Encode, media_type: str
) -> Response:
    """A response with its members where the model binds them. `encode` makes the body's bytes."""
    if shape is None:
        return Response(status)
    bindings = bindings_of(shape)
    response = Response(status, write_headers(shape, result))
    if bindings.status and result.get(bindings.status):
        response.status = int(result[bindings.status])
    if shape.payload:
        _write_payload(response, shape.members[shape.payload], result.get(shape.payload), encode, media_type)
    elif bindings.answer:
        response.headers.append(("Content-Type", media_type))
        response.body = encode(shape, result)
    return response


def write_headers(shape: Shape, result: dict[str, Any]) -> list[tuple[str, str]]:
    """The members that the model binds to headers."""
    bindings = bindings_of(shape)
    headers = []
    for name, value in result.items():
        if value is not None and (use := bindings.names.get(name)):
            headers.append((use[0], _plain(_write_header(use[1], value))))
    for _, name, member in bindings.prefixes:
        for key, value in (result.get(name) or {}).items():
            headers.append((_plain((member.wire or "") + key), _plain(str(value))))
    return headers


CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def _plain(text: str) -> str:
    """Text that fits into a header: no line ends, which would begin a header of their own; UTF-8's bytes."""
    if text.isascii() and text.isprintable():
        return text
    return _utf8(CONTROL.sub(" ", text))


def _utf8(text: str) -> str:
    """What came in as bytes of a header is one character a byte already, and goes out as it came."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode("latin-1")
    return text


def _write_header(shape: Shape, value: Any) -> str:
    if shape.type == "list":
        items = [texts.write(shape.member, item, "rfc822") for item in value if item is not None]
        return ",".join(_quoted(shape.member, item) for item in items)
    return texts.write(shape, value, "rfc822")


def _quoted(member: Shape, text: str) -> str:
    if member.type == "string" and ("," in text or '"' in text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _write_payload(response: Response, shape: Shape, value: Any, encode: Encode, media_type: str) -> None:
    if shape.eventstream:
        media_type, response.body = (
            eventstream.MEDIA_TYPE,
            eventstream.stream(shape, value or (), encode, media_type),
        )
    elif shape.type in ("blob", "string"):
        media_type = "application/octet-stream" if shape.type == "blob" else "text/plain"
        response.body = _streamed(value)
    elif value is not None:
        response.body = encode(shape, value)
    else:
        return
    if not any(name.lower() == "content-type" for name, _ in response.headers):
        response.headers.append(("Content-Type", media_type))


def _streamed(value: Any) -> bytes | FileSpan | Iterator[bytes]:
    if value is None:
        return b""
    return value.encode() if isinstance(value, str) else value
