"""AWS's semantics: one folder per service, named as botocore names it (dashes become underscores).

Adding a service is adding a folder whose `__init__.py` holds one `Service` subclass. An operation is a
method named as botocore's snake_case whose keyword arguments are AWS's own member names; what it returns
is a plain dict of AWS's members. Nothing else is registered anywhere: folders and methods are found.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from cumulet.wire.errors import AwsError, NotImplementedByCumulet
from cumulet.wire.message import Headers, Response

if TYPE_CHECKING:
    from cumulet.house import House

NOT_NULL = "failed to satisfy constraint: Member must not be null"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and where: the account, the region and the principal of one call.

    An anonymous caller has no account (`""`); see `Service.admits_anonymous`.
    """

    account: str
    region: str
    arn: str = ""
    user_id: str = ""
    access_key: str = ""
    request_id: str = ""
    source_ip: str = ""
    referer: str = ""
    user_agent: str = ""

    @property
    def anonymous(self) -> bool:
        return not self.account

    @property
    def scope(self) -> str:
        """The account and region that own this call's resources, as the store's records name it."""
        return f"{self.account}/{self.region}"


class Answer(dict[str, Any]):
    """A result whose HTTP status or extra headers the model does not say (a 206, a redirect)."""

    def __init__(
        self,
        members: dict[str, Any] | None = None,
        *,
        status: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(members or {})
        self.status = status
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Later:
    """A result that is on its way to the event loop: only for who must not wait (`store/haste.py`)."""

    coming: Awaitable[dict[str, Any]]


class Service:
    """One AWS service as one caller sees it: made anew for each call, so it holds no state.

    What must survive lies in `self.house.store`; work that outlasts the call goes to `self.house.jobs`.
    """

    # Operations that change nothing, and mostly are done at once, by the event loop's own thread (`store/haste.py`).
    prompt: ClassVar[frozenset[str]] = frozenset()

    # The code of a constraint violation ("1 validation error detected: ..."), where AWS differs.
    validation_code: ClassVar[str] = "ValidationException"

    def __init__(self, house: House, caller: Caller) -> None:
        self.house = house
        self.caller = caller
        self.store = house.store
        self.said: Mapping[str, Any] = {}  # the members of the request that is being answered, if it is one

    def other(self, service: str, caller: Caller | None = None) -> Any:
        """Another service's public operations, called as the same caller (or as the one given)."""
        return self.house.service(service, caller or self.caller)

    def as_region(self, region: str) -> Any:
        return type(self)(self.house, replace(self.caller, region=region))

    def arn(self, resource: str, service: str | None = None) -> str:
        name = service or type(self).__module__.split(".")[2].replace("_", "-")
        return f"arn:aws:{name}:{self.caller.region}:{self.caller.account}:{resource}"

    @classmethod
    def check_headers(cls, operation: str, headers: Headers) -> None:
        """Refuse headers that the operation's model does not know and AWS refuses all the same."""

    @classmethod
    def may_admit_anonymous(cls) -> bool:
        """Whether there is any unsigned call that this service would let go on."""
        return cls.admits_anonymous is not Service.admits_anonymous

    def admits_anonymous(self, operation: str, members: dict[str, Any]) -> bool:
        """Whether an unsigned call may go on (S3 says yes where a bucket policy grants it)."""
        return False

    def preflight(self, path: str, asked: Headers) -> dict[str, str]:
        """The headers that answer a browser which asks first what a page of another origin may do there."""
        raise AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.")

    def cross_origin(self, path: str, method: str, asked: Headers) -> dict[str, str]:
        """The headers without which a browser keeps an answer from the page of another origin that asked."""
        return {}


@dataclass(frozen=True, slots=True)
class Operation:
    """A written operation: the method, the members that it honours, and those it cannot do without.

    A model may leave a member optional where only something that is not written here does without it.
    """

    method: Callable[..., Any]
    accepts: frozenset[str] = field(default_factory=frozenset)
    requires: frozenset[str] = field(default_factory=frozenset)


@cache
def names() -> frozenset[str]:
    """The services that Cumulet carries, in botocore's spelling."""
    return frozenset(m.name.replace("_", "-") for m in pkgutil.iter_modules(__path__) if m.ispkg)


@cache
def service_class(name: str) -> type[Service]:
    """The class of operations of a service, imported on first use so that start-up stays fast."""
    module = importlib.import_module(f"{__name__}.{name.replace('-', '_')}")
    return next(
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Service) and value.__module__ == module.__name__
    )


@cache
def operation(service: str, method_name: str) -> Operation | None:
    """The written operation, or None where AWS has it and Cumulet does not."""
    method = getattr(service_class(service), method_name, None)
    if method is None:
        return None
    parameters = list(inspect.signature(method).parameters.values())[1:]
    honoured = [p for p in parameters if p.kind is p.KEYWORD_ONLY]
    required = frozenset(p.name for p in honoured if p.default is p.empty)
    return Operation(method, frozenset(p.name for p in honoured), required)


def perform(
    house: House, caller: Caller, service: str, method_name: str, members: dict[str, Any]
) -> dict[str, Any] | Response | Later:
    """Do one operation. A member that the method does not name is refused, never ignored.

    An operation on a hot path may give back a finished response, without the request's id.
    """
    if service not in names() or (found := operation(service, method_name)) is None:
        raise NotImplementedByCumulet(f"{service}:{method_name}")
    if unknown := sorted(members.keys() - found.accepts):
        raise NotImplementedByCumulet(f"{service}:{method_name} with {', '.join(unknown)}")
    if absent := sorted(found.requires - members.keys()):
        told = "; ".join(f"Value null at '{name}' {NOT_NULL}" for name in absent)
        count = f"{len(absent)} validation error{'s' if len(absent) > 1 else ''} detected: "
        raise AwsError(service_class(service).validation_code, count + told)
    answering = house.service(service, caller)
    answering.said = members
    result: dict[str, Any] | Response | Later | None = found.method(answering, **members)
    return {} if result is None else result
