"""Names in sight: which column, parameter of a lambda or outer query's column a name stands for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cumulet.engines.sql.base import Catalog, SqlError
from cumulet.engines.sql.trino.typed import Typed
from cumulet.engines.sql.trino.types import Type


@dataclass(frozen=True, slots=True)
class Field:
    """A column that a relation offers. `qualifier` is what may stand before its name, longest form."""

    name: str
    type: Type
    sql: str
    qualifier: tuple[str, ...] = ()
    hidden: bool = False  # "$path": found by name, left out of *
    written: bool = False  # a number such as 1.20, written out

    def answers(self, parts: tuple[str, ...]) -> bool:
        """Whether a (lower-case) name such as ("t", "a") or ("db", "t", "a") means this column."""
        *before, last = parts
        return last == self.name.lower() and (not before or self.qualifier[-len(before) :] == tuple(before))


@dataclass(slots=True)
class Relation:
    """Something that rows come from: its SQL and its columns in order."""

    sql: str
    fields: list[Field]


@dataclass(slots=True)
class Scope:
    """The columns that an expression may use; those of the enclosing query behind them."""

    fields: list[Field] = field(default_factory=list)
    outer: Scope | None = None

    def find(self, parts: tuple[str, ...], where: str, shown: str) -> Typed | None:
        """The column that a name means, or None; more than one is an error."""
        found = [each for each in self.fields if each.answers(parts)]
        if len(found) > 1:
            raise SqlError("AMBIGUOUS_NAME", f"line {where}: Column '{shown}' is ambiguous")
        if found:
            return Typed(found[0].sql, found[0].type)
        return self.outer.find(parts, where, shown) if self.outer else None


@dataclass(slots=True)
class Plan:
    """What one query's translation shares: the catalog, the names given so far, the tables met."""

    catalog: Catalog
    database: str
    text: str
    moment: float
    reader: Callable[..., Any]
    constant: Callable[[str], Any]  # the value of an expression that needs no row
    numbers: count[int] = field(default_factory=count)
    reads: list[Any] = field(default_factory=list)  # of tables.Read
    used: set[str] = field(default_factory=set)  # the columns that the query touches, by their reference
    depth: int = 0
    hasty: bool = False  # may it use 64 bits where more might be needed?
    hastened: list[str] = field(default_factory=list)  # where it has
    moments: list[float] = field(default_factory=list)  # where the query asks for its own
    groups: list[Callable[[], SqlError | None]] = field(default_factory=list)  # what GROUP BY has left out

    @property
    def now(self) -> float:
        """The moment of the query, on which its translation depends from here on."""
        self.moments.append(self.moment)
        return self.moment

    def alias(self, letter: str) -> str:
        return f"{letter}{next(self.numbers)}"
