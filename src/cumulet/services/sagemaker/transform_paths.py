"""The JSONPath of DataProcessing: parts of a record, picked by name, number or range.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html#data-processing-operators
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STEP = re.compile(
    r"\.(?P<name>[^.\[\]'\"*\s]+)|(?P<all>\.\*|\[\*\])"
    r"|\[(?P<names>\s*'[^']*'\s*(?:,\s*'[^']*'\s*)*)\]"
    r"|\[(?P<places>\s*-?\d*\s*(?::\s*-?\d*\s*)?(?:,\s*-?\d*\s*(?::\s*-?\d*\s*)?)*)\]"
)


class NoPath(ValueError):
    """Not a path, or not one that SageMaker knows."""


class NotThere(ValueError):
    """The record has no such part."""


@dataclass(frozen=True, slots=True)
class Names:
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Places:
    places: tuple[int | slice, ...]


@dataclass(frozen=True, slots=True)
class All:
    pass


Step = Names | Places | All


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path. Where a step picks several parts, the result is a list of them, or an object of those
    names."""

    steps: tuple[Step, ...]

    @property
    def whole(self) -> bool:
        return not self.steps

    def of(self, record: Any) -> Any:
        return _walk(record, self.steps)


def parse(text: str) -> Path:
    if not text.startswith("$"):
        raise NoPath(f"{text} does not begin with $, the whole record")
    steps, place = [], 1
    while place < len(text):
        if (found := STEP.match(text, place)) is None:
            raise NoPath(f"{text[place:]} in {text} is no operator that SageMaker supports")
        steps.append(_step(found))
        place = found.end()
    return Path(tuple(steps))


def _step(found: re.Match[str]) -> Step:
    if found["name"]:
        return Names((found["name"],))
    if found["all"]:
        return All()
    if found["names"] is not None:
        return Names(tuple(re.findall(r"'([^']*)'", found["names"])))
    return Places(tuple(_place(part.strip()) for part in found["places"].split(",")))


def _place(text: str) -> int | slice:
    first, colon, last = (part.strip() for part in text.partition(":"))
    if not (first or colon):
        raise NoPath("an empty place between the brackets")
    return slice(int(first) if first else None, int(last) if last else None) if colon else int(first)


def _walk(value: Any, steps: Sequence[Step]) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(step, All):
        return [_walk(part, rest) for part in _parts(value)]
    if isinstance(step, Names):
        picked = {name: _walk(_named(value, name), rest) for name in step.names}
        return picked if len(step.names) > 1 else picked[step.names[0]]
    if len(step.places) == 1 and isinstance(step.places[0], int):
        return _walk(_placed(value, step.places[0])[0], rest)
    return [_walk(part, rest) for place in step.places for part in _placed(value, place)]


def _parts(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list):
        return value
    raise NotThere(f"{value!r} has no parts")


def _named(value: Any, name: str) -> Any:
    if isinstance(value, dict) and name in value:
        return value[name]
    raise NotThere(f"there is no {name!r}")


def _placed(value: Any, place: int | slice) -> list[Any]:
    if not isinstance(value, list):
        raise NotThere("it is no list")
    if isinstance(place, slice):
        return value[place]
    if not -len(value) <= place < len(value):
        raise NotThere(f"there is no place {place} among {len(value)}")
    return [value[place]]
