"""Runs botocore's own protocol compliance cases backwards through our wire.

    python tests/conformance/botocore_protocols.py /path/to/a/checkout/of/botocore [-v]

An input case says what a client sends for some parameters: our parser must get the parameters back. An
output case says what a client makes of a response: our serializer must write a response of which
botocore's parser makes the same. The cases are botocore's (Apache-2.0) and are not part of this project.
"""

from __future__ import annotations

import base64
import copy
import io
import json
import math
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError

from cumulet.wire import models, protocols, uris
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers, Request
from cumulet.wire.route import Route
from wire import client

MAPPED = "a map of query parameters holds those that no other member is bound to, not all"
UNSAID = "what is absent and what is empty look the same on the wire"
FILLED = "the client fills in what the caller left out"

# Cases that ask of a client what cannot be asked of a server, by a part of their names.
REASONS = {
    "IdempotencyTokenAutoFill": FILLED,
    "Idempotency token auto fill": FILLED,
    "25.7 Content-Type": FILLED,
    "AllQueryStringTypes": MAPPED,
    "QueryStringEscaping": MAPPED,
    "NaNFloatQueryValues": MAPPED,
    "InfinityFloatQueryValues": MAPPED,
    "ZeroAndFalseQueryValues": MAPPED,
    "QueryPrecedence": MAPPED,
    "EmptyQueryLists": UNSAID,
    "EmptyQueryMaps": UNSAID,
    "OmitsEmptyListQueryValues": UNSAID,
    "PrefixHeadersAreNotPresent": UNSAID,
    "26.1 List in header": UNSAID,
    "HttpWithEmptyStructurePayload": UNSAID,
    "HttpWithHeadersButNoPayload": UNSAID,
    "13.1 Structure payload": UNSAID,
    "25.2 Content-Type and JSON body": UNSAID,
    "25.4 Content-Type and JSON body": UNSAID,
    "SDKAppliedContentEncoding": "the case shows the header alone, without the compressed body",
    "SDKAppend": "the case shows the header alone, without the compressed body",
    "17.2 Tagged Unions": "botocore refuses an empty union in answers",
    "16.2 Unions": "botocore refuses an empty union in answers",
    "NoBlobBody": UNSAID,
    "HttpPrefixHeadersResponse": "our own headers come along",
    "QuotedStringHeaders": "botocore does not unquote what it reads in headers",
    "InputAndOutputWithTimestampHeaders": "botocore takes the commas within dates for those between them",
    "BodyWithXmlName": "botocore sends a structure's own name for its members, and does not run this case",
    "XmlLists": "botocore reads a flattened list's elements by their own name, not by the list's",
    "UnsetUnion": "botocore refuses an empty union in answers, and does not run these cases either",
    "Supports header maps": "our own headers come along, and all in lower case",
    "HostWithPath": "the client prepends its endpoint's own path",
    "MediaTypeHeaderInputBase64": "botocore takes and gives JSON in headers as values, not as text",
    "MediaTypeHeaderOutputBase64": "botocore takes and gives JSON in headers as values, not as text",
}

Case = dict[str, Any]


def cases(checkout: Path) -> Iterator[tuple[str, str, Case, Case]]:
    """Every case as (direction, name, suite, case)."""
    root = checkout / "tests/unit/protocols"
    for path in sorted(root.glob("**/*put/*.json")):
        for i, suite in enumerate(json.loads(path.read_text())):
            for j, case in enumerate(suite.pop("cases")):
                called = case.get("id") or f"{i}.{j} {suite['description']}"
                name = f"{path.relative_to(root).with_suffix('')}:{called}"
                yield path.parent.name, name, suite, case


def main(checkout: Path, *, verbose: bool) -> int:
    count: Counter[str] = Counter()
    for direction, name, suite, case in cases(checkout):
        reason = next((why for part, why in REASONS.items() if part in name), None)
        wrong = None if reason else run(direction, suite, case)
        count[f"{direction} {'excused' if reason else 'failed' if wrong else 'passed'}"] += 1
        if wrong or (reason and verbose):
            print(f"{name}: {wrong or reason}")
    print(", ".join(f"{number} {what}" for what, number in sorted(count.items())))
    return 1 if any("failed" in what for what in count) else 0


def run(direction: str, suite: Case, case: Case) -> str | None:
    try:
        wanted, got = (given if direction == "input" else taken)(suite, case)
    except (AwsError, LookupError, TypeError, ValueError, AttributeError, ResponseParserError) as error:
        return f"{type(error).__name__}: {error}"
    return None if wanted == got else f"wanted {wanted!r}, got {got!r}"


def route_of(suite: Case, case: Case) -> Route:
    description = copy.deepcopy(suite) | {"operations": {case["given"]["name"]: copy.deepcopy(case["given"])}}
    description["metadata"] = {"endpointPrefix": "example", "apiVersion": "2014-01-01"} | description[
        "metadata"
    ]
    given = description["operations"][case["given"]["name"]]
    protocol = description["metadata"]["protocol"]
    if protocol == "query" and given.get("output", {}).get("shape"):
        given["output"].setdefault("resultWrapper", f"{given['name']}Result")
    given["http"] = {"method": "POST", "requestUri": "/"} | given.get("http", {})
    model = models.model(description, "example")
    return Route("example", model.operation_model(given["name"]), protocol)


def given(suite: Case, case: Case) -> tuple[Any, Any]:
    """An input case: the parameters, and what we read out of the request."""
    route = route_of(suite, case)
    said = case["serialized"]
    uri = urlsplit(said["uri"])
    body = said.get("body") or ""
    raw = base64.b64decode(body) if route.protocol == "smithy-rpc-v2-cbor" else body.encode()
    method = said.get("method") or route.operation.http["method"]
    request = Request(
        method, uri.path, uri.query, Headers(said.get("headers", {}).items()), io.BytesIO(raw), len(raw)
    )
    if route.protocol.startswith("rest"):
        table = uris.Table(route.operation.service_model)
        found = table.match(request.method, request.path, uris.parameters(request.query), request.headers)
        if found is None:
            raise LookupError(f"no operation at {said['uri']}")
        route.labels = found.labels
    return plain(case.get("params", {})), plain(protocols.parse(route, request))


def taken(suite: Case, case: Case) -> tuple[Any, Any]:
    """An output case: the result, and what botocore reads out of our response."""
    route = route_of(suite, case)
    shape = route.operation.output_shape
    if "error" in case:
        return failed(route, case)
    response = protocols.serialize(route, special(case["result"]), "id-1")
    got = client.receive(route.operation, route.protocol, response, shape)
    got.pop("ResponseMetadata", None)
    return plain(case["result"]), plain(got)


def failed(route: Route, case: Case) -> tuple[Any, Any]:
    error = AwsError(case.get("errorCode", ""), case.get("errorMessage", ""))
    error.members = dict(case["error"])
    request = Request("POST", "/", headers=Headers([("x-amzn-query-mode", "true")]))
    response = protocols.serialize_error(route, request, error, "id-1")
    model: ServiceModel = route.operation.service_model
    got = client.receive(route.operation, route.protocol, response, route.operation.output_shape)
    shape = model.shape_for_error_code(got["Error"]["Code"])
    members = client.receive(route.operation, route.protocol, response, shape) if shape else {}
    said = {"Code": got["Error"]["Code"], "Message": got["Error"].get("Message") or ""}
    wanted = {"Code": error.code, "Message": error.message}
    return plain({"Error": wanted, **case["error"]}), plain({"Error": said, **members})


def special(value: Any) -> Any:
    """The cases write floats that JSON lacks as strings."""
    if isinstance(value, dict):
        return {key: special(item) for key, item in value.items()}
    return (
        {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}.get(value, value)
        if isinstance(value, str)
        else value
    )


def plain(value: Any) -> Any:
    """Values as the cases write them: times as epoch seconds, blobs as text, no nulls."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if hasattr(value, "read"):
        return value.read().decode()
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, datetime):
        return value.timestamp()
    return (
        str(value).replace("inf", "Infinity").replace("nan", "NaN")
        if isinstance(value, float) and not math.isfinite(value)
        else value
    )


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]), verbose="-v" in sys.argv))
