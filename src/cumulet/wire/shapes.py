"""What botocore's models say about values, in a form that is quick to walk.

botocore's own `Shape` builds a new object for every use of a shape and looks traits up by name; a request
walks thousands of them. Here each use of a shape is built once per service, with the traits that the
protocols ask for as plain attributes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cumulet.wire.bindings import Bindings

Definition = dict[str, Any]


class Malformed(Exception):
    """A request's bytes do not fit its operation's model; each protocol answers with its own code."""


class Shape:
    """One use of a shape: its definition, overridden by the traits of the member that refers to it."""

    def __init__(self, name: str, traits: Definition, book: Shapes) -> None:
        self.name = name
        self.type: str = traits["type"]
        self.traits = traits
        self.book = book
        self.wire: str | None = traits.get("locationName")
        self.location: str | None = traits.get("location")
        self.flattened = bool(traits.get("flattened"))
        self.sparse = bool(traits.get("sparse"))
        self.union = bool(traits.get("union"))
        self.timestamp: str | None = _timestamp(traits)
        self.document = bool(traits.get("document"))
        self.jsonvalue = bool(traits.get("jsonvalue"))
        self.streaming = bool(traits.get("streaming"))
        self.attribute = bool(traits.get("xmlAttribute"))
        self.eventstream = bool(traits.get("eventstream"))
        self.plain = self.type == "string" and not self.namespace
        self.constrained: bool | None = None  # validate.py's notes: whether anything is to be checked here,
        self.check: Callable[[Any], Iterator[str]] | Literal[False] | None = False  # and by what

    def __repr__(self) -> str:
        return f"<Shape {self.name} {self.type}>"

    @cached_property
    def members(self) -> dict[str, Shape]:
        """A structure's members by the names that services use."""
        return {name: self.book.use(use) for name, use in self.traits.get("members", {}).items()}

    @cached_property
    def member(self) -> Shape:
        """What a list holds."""
        return self.book.use(self.traits["member"])

    @cached_property
    def key(self) -> Shape:
        return self.book.use(self.traits["key"])

    @cached_property
    def value(self) -> Shape:
        return self.book.use(self.traits["value"])

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(self.traits.get("required", ()))

    @cached_property
    def by_wire(self) -> dict[str, tuple[str, Shape]]:
        """A structure's members by their names on the wire: {wire name: (name, shape)}."""
        return {shape.wire or name: (name, shape) for name, shape in self.members.items()}

    @cached_property
    def query_names(self) -> dict[str, tuple[str, Shape]]:
        """A structure's members by their names in a query: the elements of a flattened list may name it."""
        return {**self.by_wire, **{_tag(name, shape): (name, shape) for name, shape in self.members.items()}}

    @cached_property
    def ec2_names(self) -> dict[str, tuple[str, Shape]]:
        """A structure's members by EC2's names: `queryName`, or the capitalised name (botocore sends names
        that the model has in lower case as they are)."""
        plain = {name: (name, shape) for name, shape in self.members.items()}
        return {**plain, **{_ec2_name(name, shape): (name, shape) for name, shape in self.members.items()}}

    @cached_property
    def by_tag(self) -> dict[str, tuple[str, Shape]]:
        """A structure's members by their element's name. Elements of a flattened list may carry the list's
        name or their own: clients write the one, services the other."""
        own = {
            shape.member.wire: (name, shape)
            for name, shape in self.members.items()
            if shape.type == "list" and shape.flattened and shape.member.wire
        }
        return {**own, **{wire: use for wire, use in self.by_wire.items() if not use[1].attribute}}

    @cached_property
    def tags(self) -> dict[str, tuple[str, Shape]]:
        """The element that each member goes out as: {name: (element's name, shape)}."""
        return {
            name: (_tag(name, shape), shape) for name, shape in self.members.items() if not shape.attribute
        }

    @cached_property
    def attributes(self) -> dict[str, Shape]:
        """The members that are XML attributes."""
        return {name: shape for name, shape in self.members.items() if shape.attribute}

    @cached_property
    def roots(self) -> frozenset[str]:
        """The names that a document of this shape may have for its root."""
        own = (
            self.book.definitions[self.name].get("locationName")
            if self.name in self.book.definitions
            else None
        )
        return frozenset(name for name in (self.wire, own, self.name) if name)

    @cached_property
    def payload(self) -> str | None:
        """The member that is the whole HTTP body, in the REST protocols."""
        return self.traits.get("payload")

    @cached_property
    def stream(self) -> tuple[str, Shape] | None:
        """The member that is an event stream, if there is one."""
        return next(((name, shape) for name, shape in self.members.items() if shape.eventstream), None)

    @cached_property
    def namespace(self) -> str:
        """The `xmlns` attribute of an element of this shape, ready to be written, or ""."""
        found = self.traits.get("xmlNamespace")
        if not found:
            return ""
        if isinstance(found, str):
            return f' xmlns="{found}"'
        prefix = f":{found['prefix']}" if found.get("prefix") else ""
        return f' xmlns{prefix}="{found["uri"]}"'


def _tag(name: str, shape: Shape) -> str:
    own = shape.member.wire if shape.type == "list" and shape.flattened else None
    return own or shape.wire or name


def _ec2_name(name: str, shape: Shape) -> str:
    if called := shape.traits.get("queryName"):
        return str(called)
    called = shape.wire or name
    return called[0].upper() + called[1:]


def _timestamp(traits: Definition) -> str | None:
    form = traits.get("timestampFormat")
    return form.lower() if form else None


@dataclass(frozen=True, slots=True)
class Failure:
    """An error that a service's model names."""

    name: str  # the shape's name, which JSON protocols send
    code: str  # what XML protocols send; the same as the name for most
    status: int
    sender: bool
    shape: Shape


class Shapes:
    """All shapes of one service's model, built as they are asked for."""

    def __init__(self, definitions: dict[str, Definition], operations: dict[str, Definition]) -> None:
        self.definitions = definitions
        self.operations = operations
        self._uses: dict[str, Shape] = {}
        self.plans: dict[str, Plan] = {}
        self.bindings: dict[Shape, Bindings] = {}

    def use(self, reference: Definition) -> Shape:
        """The shape that a reference such as {"shape": "BucketName", "location": "uri"} means."""
        key = repr(reference)
        if (found := self._uses.get(key)) is None:
            traits = {**self.definitions[reference["shape"]], **reference}
            found = self._uses[key] = Shape(reference["shape"], traits, self)
        return found

    @cached_property
    def failures(self) -> dict[str, Failure]:
        """Every error shape of the model, by its name and by its code."""
        found: dict[str, Failure] = {}
        for name, definition in self.definitions.items():
            if definition.get("exception") or "error" in definition:
                failure = self._failure(name, definition)
                found.setdefault(failure.code, failure)
                found[name] = failure
        return found

    def _failure(self, name: str, definition: Definition) -> Failure:
        error = definition.get("error", {})
        fault = bool(definition.get("fault") or error.get("fault"))
        status = int(error.get("httpStatusCode") or (500 if fault else 400))
        sender = bool(error.get("senderFault", status < 500))
        return Failure(name, error.get("code", name), status, sender, self.use({"shape": name}))


@dataclass(slots=True)
class Plan:
    """An operation's two ends."""

    input: Shape | None
    output: Shape | None
    result_wrapper: str | None
    status: int
    compressed: bool  # clients may compress the body of a request
    literals: frozenset[str]  # the names in the query string of its own URI
    compatible: bool  # speaks an AWS JSON protocol now and query once: tells old clients the old error codes
