"""Where each member of a REST operation travels: path, query string, headers, status or body."""

from __future__ import annotations

from dataclasses import dataclass, field

from cumulet.wire.shapes import Shape

Use = tuple[str, Shape]


@dataclass(slots=True)
class Bindings:
    """Where the members of one structure travel."""

    labels: dict[str, Use] = field(default_factory=dict)
    query: dict[str, Use] = field(default_factory=dict)
    query_map: Use | None = None
    headers: dict[str, Use] = field(default_factory=dict)  # by lower-cased name
    prefixes: list[tuple[str, str, Shape]] = field(default_factory=list)
    status: str | None = None
    body: bool = False  # some members belong into the body

    def bind(self, name: str, shape: Shape) -> None:
        wire = shape.wire or name
        match shape.location:
            case "uri":
                self.labels[wire] = (name, shape)
            case "querystring" if shape.type == "map":
                self.query_map = (name, shape)
            case "querystring":
                self.query[wire] = (name, shape)
            case "header":
                self.headers[wire.lower()] = (name, shape)
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
