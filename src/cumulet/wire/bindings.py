"""Where each member of a REST operation travels: path, query string, headers, status or body."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cumulet.wire.shapes import Shape

HEAD = ("header", "headers", "statusCode")  # where an answer's members travel, other than in its body
Use = tuple[str, Shape]


@dataclass(slots=True)
class Bindings:
    """Where the members of one structure travel."""

    labels: dict[str, Use] = field(default_factory=dict)
    query: dict[str, Use] = field(default_factory=dict)
    query_map: Use | None = None
    headers: dict[str, Use] = field(default_factory=dict)  # by lower-cased name
    names: dict[str, tuple[str, Shape]] = field(default_factory=dict)  # the same by member: (header, shape)
    prefixes: list[tuple[str, str, Shape]] = field(default_factory=list)
    status: str | None = None
    body: bool = False  # some members belong into a request's body
    answer: bool = False  # some belong into an answer's: it has no path and no query string to put them

    def bind(self, name: str, shape: Shape) -> None:
        wire = shape.wire or name
        self.answer = self.answer or shape.location not in HEAD
        match shape.location:
            case "uri":
                self.labels[wire] = (name, shape)
            case "querystring" if shape.type == "map":
                self.query_map = (name, shape)
            case "querystring":
                self.query[wire] = (name, shape)
            case "header":
                self.headers[wire.lower()] = (name, shape)
                self.names[name] = (wire, shape)
            case "headers":
                self.prefixes.append((shape.wire.lower() if shape.wire else "", name, shape))
            case "statusCode":
                self.status = name
            case _:
                self.body = True


def bindings_of(shape: Shape) -> Bindings:
    """A structure's bindings, worked out once; they live as long as the service's model."""
    if (found := shape.book.bindings.get(shape)) is None:
        found = Bindings()
        for name, member in shape.members.items():
            found.bind(name, member)
        shape.book.bindings[shape] = found
    return found


def unbound(shape: Shape, value: Any) -> Any:
    """An answer's members less those that travel in its head."""
    if shape.type != "structure":
        return value
    known = shape.members
    return {
        name: item for name, item in value.items() if name not in known or known[name].location not in HEAD
    }
