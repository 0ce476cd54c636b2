"""Pages that a browser got elsewhere: may they speak to us, and read what we say?

Browsers ask before they send what an HTML form could not (a preflight: OPTIONS, unsigned), and tell every such
request's `Origin`. The service says what it allows; a request without an Origin costs nothing here.
Source: https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from cumulet import services
from cumulet.house import House
from cumulet.services import Caller, Service
from cumulet.wire import hosts, rest_xml, route
from cumulet.wire.message import Request, Response


def preflight(house: House, request: Request, request_id: str) -> Response:
    """The answer to a browser's question, by the service whose address it is about."""
    name = next(iter(route.meant(request, services.names())), "s3")
    told = _nobody(house, name).preflight(hosts.path_style(request), request.headers)
    return Response(200, [*told.items(), *rest_xml.identity(None, request_id)])


def headers(house: House, service: str, request: Request) -> list[tuple[str, str]]:
    """What goes out with the answer, whatever it is, to a request that told its Origin."""
    asked = _nobody(house, service)
    return list(asked.cross_origin(hosts.path_style(request), request.method, request.headers).items())


def _nobody(house: House, service: str) -> Service:
    found: Service = house.service(service, Caller(account="", region=house.config.region))
    return found
