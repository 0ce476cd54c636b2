"""Sample values made from a model: every member of every structure is there at least once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

WORDS = "a b&<é>\"'+/%=;,ü\n漢 😀"  # for bodies; what travels in the HTTP head must be plainer
MOMENT = datetime(2024, 2, 29, 12, 30, 45, 123000, tzinfo=UTC)
SCALARS: dict[str, Any] = {
    "integer": 207,
    "long": 1 << 40,
    "float": 1.5,
    "double": -0.25,
    "boolean": True,
    "timestamp": MOMENT,
    "blob": b"\x00\xffblob",
    "character": "x",
}


class Sampler:
    """Expands each structure fully the first time that it meets it, and sparingly from then on."""

    def __init__(self, *, rich: bool, hollow: bool) -> None:
        self.rich = rich
        self.hollow = hollow and not rich  # leave what is required empty, where that can be
        self.expanded: set[str] = set()
        self.open: list[str] = []

    def structure(self, shape: StructureShape) -> dict[str, Any]:
        names = list(shape.members)
        full = self.rich and shape.name not in self.expanded
        self.expanded.add(shape.name)
        if shape.is_tagged_union:
            names = [self.union_member(shape)]
        elif not full:
            names = [name for name in names if self.needed(shape, name)] or self.something(shape)
        self.open.append(shape.name)
        found = {name: self.value(shape.members[name]) for name in names if self.may(shape, name)}
        self.open.pop()
        return found

    def needed(self, shape: StructureShape, name: str) -> bool:
        """What is required, or is there whether one says so or not."""
        return name in shape.required_members or bool(shape.members[name].serialization.get("eventpayload"))

    def something(self, shape: StructureShape) -> list[str]:
        """Some protocols cannot say that a structure is there but empty."""
        plain = [
            name
            for name, member in shape.members.items()
            if member.type_name in SCALARS or member.type_name == "string"
        ]
        nested = [name for name, member in shape.members.items() if member.name not in self.open]
        return [] if self.hollow else (plain or nested)[:1]

    def may(self, shape: StructureShape, name: str) -> bool:
        """A structure within itself: not again, unless it is required (lists of it can be empty)."""
        return (
            shape.members[name].name not in self.open
            or name in shape.required_members
            or shape.is_tagged_union
        )

    def union_member(self, shape: StructureShape) -> str:
        """A union's first member that does not lead back to where we are."""
        return min(shape.members, key=lambda name: self.height(shape.members[name], ()))

    def height(self, shape: Shape, seen: tuple[str, ...]) -> int:
        """How many structures, at least, lie below: what has no end is very high."""
        if shape.name in seen or shape.name in self.open:
            return 1000
        below = (*seen, shape.name)
        if isinstance(shape, StructureShape):
            if shape.is_tagged_union:
                return 1 + min(self.height(member, below) for member in shape.members.values())
            needed = [shape.members[name] for name in shape.required_members]
            return 1 + max((self.height(member, below) for member in needed), default=0)
        return 0

    def value(self, shape: Shape) -> Any:
        if shape.serialization.get("eventstream"):
            return list(self.events(shape))
        if isinstance(shape, StructureShape):
            return (
                {"free": [1, "form", None, {"x": True}]} if shape.is_document_type else self.structure(shape)
            )
        if isinstance(shape, ListShape):
            return list(self.elements(shape))
        if shape.serialization.get("location") == "headers":
            return {"key": "plain text"}
        if isinstance(shape, MapShape):
            return {} if self.hollow or shape.value.name in self.open else {"key": self.value(shape.value)}
        if shape.type_name == "string":
            return self.text(shape)
        return self.moment(shape) if shape.type_name == "timestamp" else SCALARS[shape.type_name]

    def events(self, shape: Any) -> Iterator[dict[str, Any]]:
        """One event of each kind; those that are errors end a stream."""
        for name, member in shape.members.items():
            if not member.metadata.get("exception"):
                yield {name: self.structure(member)}

    def elements(self, shape: ListShape) -> Iterator[Any]:
        member = shape.member
        spare = shape.serialization.get("location") not in ("querystring", "header")  # cannot be empty there
        if (self.hollow and spare) or member.name in self.open:
            return
        if not spare and member.type_name == "string":
            yield from ("listed", "in one") if shape.serialization["location"] == "header" else (WORDS, "")
        elif (
            isinstance(member, StructureShape) and member.is_tagged_union and member.name not in self.expanded
        ):
            self.expanded.add(member.name)
            self.open.append(member.name)
            yield from (
                {name: self.value(use)} for name, use in member.members.items() if use.name not in self.open
            )
            self.open.pop()
        else:
            yield self.value(member)
            if member.type_name in ("string", "integer"):
                yield self.value(member)  # two, where that costs little

    def text(self, shape: Shape) -> Any:
        said = shape.serialization
        if said.get("jsonvalue") and said.get("location") == "header":
            return {"a": [1, "ü"]}
        if said.get("hostLabel"):
            return "label-1"
        if said.get("location") in ("header", "headers", "statusCode"):
            return "plain text"
        if said.get("location") == "uri":
            return "a b&é:+=~"
        return WORDS if self.rich else "plain"

    def moment(self, shape: Shape) -> datetime:
        said = shape.serialization
        seconds = said.get("timestampFormat") == "rfc822" or said.get("location") == "header"
        return MOMENT.replace(microsecond=0) if seconds else MOMENT


def sample(shape: Shape | None, *, rich: bool, hollow: bool = True) -> dict[str, Any]:
    """A value of an operation's input or output."""
    return Sampler(rich=rich, hollow=hollow).structure(shape) if isinstance(shape, StructureShape) else {}
