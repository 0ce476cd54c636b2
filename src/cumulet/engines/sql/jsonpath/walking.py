"""A path in a document: each step takes a sequence of items and gives one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from cumulet.engines.sql.jsonpath import items, steps
from cumulet.engines.sql.jsonpath.items import PathError

METHODS: dict[str, Callable[[Any], Any]] = {
    "double": items.doubled,
    "ceiling": lambda item: items.rounded(item, math.ceil),
    "floor": lambda item: items.rounded(item, math.floor),
    "abs": items.absolute,
}


def followed(path: steps.Path, document: Any, passed: dict[str, Any]) -> list[Any]:
    """The items that a path gives; `PathError` where it cannot be followed."""
    return Walk(path.strict, document, passed)(path.root)


@dataclass(slots=True)
class Walk:
    """One walk; `here` is the item that a filter looks at, `last` the last place of the array around."""

    strict: bool
    document: Any
    passed: dict[str, Any]
    here: list[Any] = field(default_factory=list)
    last: int | None = None

    def __call__(self, step: Any) -> list[Any]:
        found: list[Any] = getattr(self, "_" + type(step).__name__.lower())(step)
        return found

    def _constant(self, step: steps.Constant) -> list[Any]:
        return [step.value]

    def _variable(self, step: steps.Variable) -> list[Any]:
        if step.name == "$":
            return [self.document]
        if step.name == "@":
            return self.here
        if step.name == "last" and self.last is not None:
            return [self.last]
        if step.name not in self.passed:
            raise PathError(f"no value passed for {step.name}")
        return [self.passed[step.name]]

    def _sign(self, step: steps.Sign) -> list[Any]:
        given = self._opened(self(step.of))
        if step.sign == "-":
            return [items.negated(item) for item in given]
        if not all(map(items.is_number, given)):
            raise PathError("invalid item type for a sign")
        return given

    def _arithmetic(self, step: steps.Arithmetic) -> list[Any]:
        one, other = (self._single(self._opened(self(side))) for side in (step.left, step.right))
        return [items.calculated(step.sign, one, other)]

    def _single(self, given: list[Any]) -> Any:
        if len(given) != 1:
            raise PathError("an operand must be a single item")
        return given[0]

    def _opened(self, given: list[Any]) -> list[Any]:
        """In the lax mode arrays count as their elements."""
        if self.strict:
            return given
        return list(chain.from_iterable(item if isinstance(item, list) else [item] for item in given))

    def _member(self, step: steps.Member) -> list[Any]:
        found: list[Any] = []
        for item in self._opened(self(step.of)):
            if not isinstance(item, dict):
                if self.strict:
                    raise PathError(f"a member of a {items.kind(item)}")
            elif step.name is None:
                found += item.values()
            elif step.name in item:
                found.append(item[step.name])
            elif self.strict:
                raise PathError(f"missing member '{step.name}' in JSON object")
        return found

    def _descendant(self, step: steps.Descendant) -> list[Any]:
        return list(chain.from_iterable(below(item, step.name) for item in self(step.of)))

    def _elements(self, step: steps.Elements) -> list[Any]:
        found: list[Any] = []
        for item in self(step.of):
            if not isinstance(item, list) and self.strict:
                raise PathError(f"an element of a {items.kind(item)}")
            held = item if isinstance(item, list) else [item]
            found += self._chosen(held, step.places) if step.places else held
        return found

    def _chosen(self, held: list[Any], places: list[tuple[Any, Any | None]]) -> Iterator[Any]:
        inner = replace(self, last=len(held) - 1)
        for first, until in places:
            start = inner._place(first)
            end = start if until is None else inner._place(until)
            if self.strict and not 0 <= start <= end < len(held):
                raise PathError("invalid array subscript")
            yield from held[max(start, 0) : max(end + 1, 0)]

    def _place(self, step: Any) -> int:
        """A subscript's fraction does not count."""
        place = self._single(self._opened(self(step)))
        if not items.is_number(place):
            raise PathError("a subscript must be a number")
        return int(place)

    def _method(self, step: steps.Method) -> list[Any]:
        given = self(step.of)
        if step.name == "type":
            return [items.kind(item) for item in given]
        if step.name == "size":
            return [self._size(item) for item in given]
        if step.name == "keyvalue":
            return list(self._pairs(self._opened(given)))
        return [METHODS[step.name](item) for item in self._opened(given)]

    def _size(self, item: Any) -> int:
        if not isinstance(item, list) and self.strict:
            raise PathError(f"the size of a {items.kind(item)}")
        return len(item) if isinstance(item, list) else 1

    def _pairs(self, given: list[Any]) -> Iterator[Any]:
        for number, item in enumerate(given):
            if not isinstance(item, dict):
                raise PathError(f"keyvalue() of a {items.kind(item)}")
            yield from ({"name": name, "value": value, "id": number} for name, value in item.items())

    def _filter(self, step: steps.Filter) -> list[Any]:
        given = self._opened(self(step.of))
        return [item for item in given if replace(self, here=[item])._holds(step.test)]

    def _holds(self, test: Any) -> bool | None:
        """A predicate never fails: what cannot be decided is None, unknown."""
        match test:
            case steps.Both():
                return both(self._holds(test.left), self._holds(test.right))
            case steps.Either():
                left, right = self._holds(test.left), self._holds(test.right)
                negative = both(opposite(left), opposite(right))
                return opposite(negative)
            case steps.Not():
                return opposite(self._holds(test.test))
            case steps.IsUnknown():
                return self._holds(test.test) is None
        try:
            return self._decided(test)
        except PathError:
            return None

    def _decided(self, test: Any) -> bool | None:
        match test:
            case steps.Exists():
                return bool(self(test.of))
            case steps.StartsWith():
                beginning = self._single(self(test.with_))
                return self._any(begins(item, beginning) for item in self._opened(self(test.of)))
        left, right = self._opened(self(test.left)), self._opened(self(test.right))
        return self._any(items.compared(test.sign, one, other) for one in left for other in right)

    def _any(self, answers: Iterator[bool | None]) -> bool | None:
        """Strict: any error is unknown. Lax: whichever comes first, a match or an error."""
        if self.strict:
            found = list(answers)
            return None if None in found else any(found)
        return next((answer for answer in answers if answer is not False), False)


def begins(item: Any, beginning: Any) -> bool | None:
    if not isinstance(item, str) or not isinstance(beginning, str):
        return None
    return item.startswith(beginning)


def both(left: bool | None, right: bool | None) -> bool | None:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def opposite(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def below(item: Any, name: str) -> Iterator[Any]:
    """The members of a name at every depth: an object's own first."""
    if isinstance(item, dict):
        if name in item:
            yield item[name]
        for value in item.values():
            yield from below(value, name)
    elif isinstance(item, list):
        for value in item:
            yield from below(value, name)
