"""The road of a request, from the HTTP server's call to the answer: `STEPS` is the list to read first.

The event loop moves bytes, and answers what need not wait (`respond_at_once`, `respond_soon`); everything else runs
in a worker thread, as plain functions.
"""

from __future__ import annotations

import errno
import logging
import random
from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any

from cumulet import cross_origin, services, short, short_invocations, short_writes, sites
from cumulet.calling import caller_of
from cumulet.house import House
from cumulet.services import Answer, Caller, Later
from cumulet.store import haste
from cumulet.wire import forms, hosts, protocols, route, sign, sign_form, validate
from cumulet.wire.errors import AwsError, NotImplementedByCumulet
from cumulet.wire.message import Request, Response

log = logging.getLogger(__name__)

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(slots=True)
class Call:
    """One request on its way: each step fills in what the next one needs."""

    house: House
    request: Request
    request_id: str = field(default_factory=lambda: _request_id())
    route: route.Route | None = None
    caller: Caller | None = None
    members: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | Response | Later = field(default_factory=dict)


def _request_id() -> str:
    """A random UUID as text, which `uuid.uuid4` makes by way of an object and a system call. It is no secret."""
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def unfold(call: Call) -> None:
    """A form that a browser posts to a bucket goes on as the upload that it describes."""
    if forms.is_form(call.request):
        call.request = forms.unfold(call.request)


def identify(call: Call) -> None:
    """Which service, which operation, in which protocol?"""
    call.route = route.route(call.request, services.names())
    if call.route.service not in services.names():
        raise NotImplementedByCumulet(f"{call.route.service}:{call.route.operation.name}")
    if (
        haste.in_haste()
        and call.route.operation.name not in services.service_class(call.route.service).prompt
    ):
        raise haste.TakesTime


def authenticate(call: Call) -> None:
    """Who signed this? The body is guarded from here on: reading it to the end checks its hash."""
    assert call.route
    house = call.house
    if call.request.form:
        found = sign_form.authenticate(call.request, house.store.credentials.find, house.clock())
    else:
        found = sign.authenticate(call.request, house.store.credentials.find, house.clock(), call.route)
    call.request.body = found.guard(call.request.body)
    region = found.region or call.route.region or house.config.region
    if credential := found.credential:
        house.store.credentials.used(credential.access_key, found.service, region, house.clock())
    call.caller = caller_of(call.request, credential, region, call.request_id)
    if call.caller.anonymous and not services.service_class(call.route.service).may_admit_anonymous():
        raise sign.missing_credentials(call.route)  # before anything of the body is read


def parse(call: Call) -> None:
    """Bytes to values, by the operation's model; then the model's own constraints."""
    assert call.route
    call.members = protocols.parse(call.route, call.request)
    service = services.service_class(call.route.service)
    validate.check(call.route.operation, call.members, service.validation_code)


def authorize(call: Call) -> None:
    """May this caller do this? Nobody gets in unsigned unless the service's own policy says so."""
    assert call.route
    assert call.caller
    services.service_class(call.route.service).check_headers(call.route.operation.name, call.request.headers)
    if call.caller.anonymous:
        service = call.house.service(call.route.service, call.caller)
        if not service.admits_anonymous(call.route.operation.name, call.members):
            raise sign.missing_credentials(call.route)


def perform(call: Call) -> None:
    """AWS's semantics: the service's own method."""
    assert call.route
    assert call.caller
    method = call.route.method_name
    call.result = services.perform(call.house, call.caller, call.route.service, method, call.members)


STEPS = (unfold, identify, authenticate, parse, authorize, perform)


def respond(house: House, request: Request) -> Response:
    """Walk a request down the road and bring back the answer, whatever happens on the way."""
    if bucket := hosts.site(request.host):
        return sites.answer(house, request, bucket, respond)
    call = Call(house, request)
    try:
        return _finished(call, request, _walk(call))
    except haste.TakesTime:
        raise
    except Exception as error:
        return _finished(call, request, _refused(call, request, error))


def respond_at_once(house: House, request: Request) -> Response | None:
    """The same for who must not wait; None where that cannot be, and nothing has happened."""
    call = Call(house, request)
    with haste.hurried():
        try:
            return short.answer(house, request, call.request_id) or respond(house, request)
        except haste.TakesTime:
            return None
        except Exception as error:
            return _finished(call, request, _refused(call, request, error))


def begin(house: House, request: Request) -> Awaitable[Response] | None:
    """A plain write, or question to a model, under way; None where this is no such, or it takes time, and nothing
    has happened."""
    call = Call(house, request)
    road = short_invocations if request.method == "POST" else short_writes
    try:
        with haste.hurried():
            coming = road.begin(house, request, call.request_id)
    except haste.TakesTime:
        return None
    if coming is None:
        return None
    call.route = road.route_of()
    return _ended(call, coming)


async def _ended(call: Call, coming: Awaitable[Response]) -> Response:
    try:
        return await coming
    except Exception as error:
        return _refused(call, call.request, error)


async def respond_soon(house: House, request: Request) -> Response | None:
    """The same for an event loop, where somebody else does the work meanwhile (`services.Later`): no thread
    waits for it. None where that cannot be, and nothing has happened."""
    if coming := begin(house, request):
        return await coming
    call = Call(house, request)
    try:
        with haste.hurried():
            for step in STEPS:
                step(call)
        if isinstance(call.result, Later):
            call.result = await call.result.coming
        return _finished(call, request, _told(call))
    except haste.TakesTime:
        return None
    except Exception as error:
        return _finished(call, request, _refused(call, request, error))


def _walk(call: Call) -> Response:
    """Step by step to the answer of an operation that went well (or, of a browser's own, to its question)."""
    if call.request.method == "OPTIONS":
        return cross_origin.preflight(call.house, call.request, call.request_id)
    for step in STEPS:
        step(call)
    return _told(call)


def _told(call: Call) -> Response:
    assert call.route
    assert not isinstance(call.result, Later)
    response = protocols.serialize(call.route, call.result, call.request_id)
    if isinstance(call.result, Answer):
        response.status = call.result.status or response.status
        response.headers.extend(call.result.headers.items())
    if form := call.request.form:
        response = forms.answer(form, call.request, response)
    return response


def _refused(call: Call, request: Request, error: Exception) -> Response:
    told = error if isinstance(error, AwsError) else _failure(error, call.request_id)
    response = protocols.serialize_error(call.route, request, told, call.request_id)
    response.headers.extend(told.headers.items())
    return response


def _finished(call: Call, request: Request, response: Response) -> Response:
    if call.route and "origin" in request.headers:
        response.headers += cross_origin.headers(call.house, call.route.service, request)
    return response


def _failure(error: Exception, request_id: str) -> AwsError:
    """What is no fault of the caller's. A full disk is told by name; AWS has no such error, 507 is HTTP's own."""
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        log.error("request %s failed: %s", request_id, error)
        text = "The disk that holds Cumulet's data directory is full."
        return AwsError("InsufficientStorage", text, status=507)
    log.error("request %s failed", request_id, exc_info=error)
    return AwsError("InternalFailure", f"Cumulet failed on its own account; see its log for {request_id}.")
