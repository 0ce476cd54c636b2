"""A statement, taken apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A step by name; written in quotes it is to be found exactly so."""

    text: str
    exact: bool = False

    def finds(self, name: str) -> bool:
        return name == self.text or (not self.exact and name.lower() == self.text.lower())


@dataclass(frozen=True, slots=True)
class Every:
    """The step `[*]`: each element."""


Step = Name | int | Every


@dataclass(frozen=True, slots=True)
class Path:
    """A value of the record: `s.a.b[0]`, `_1`."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator, a function or a form of its own ("case", "like", "in" ...), by its name in lower case."""

    name: str
    arguments: tuple[Any, ...]  # expressions; of date functions the first is the part's name


@dataclass(frozen=True, slots=True)
class Aggregate:
    name: str
    argument: Expression | None  # None: COUNT(*)


Expression = Literal | Path | Call | Aggregate


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that is selected, and what it is called."""

    expression: Expression
    alias: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """`items` is empty for `*`. `source` are the steps behind the table's own name."""

    items: tuple[Item, ...]
    source: tuple[Step, ...]
    alias: Name
    where: Expression | None = None
    limit: int | None = None
    aggregates: tuple[Aggregate, ...] = field(default=())
