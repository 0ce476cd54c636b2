"""The hyperparameters that an algorithm takes: each is obeyed, or refused by name.

Hyperparameters come as strings. A `Schema` turns them into values or says what is wrong with them in the words
of the containers: SageMaker's own algorithms share one toolkit's words, XGBoost's open container has others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import ClientError

Parse = Callable[[str], Any]

# What the tuner and the SDKs add to any algorithm's hyperparameters, and what only tunes the containers.
ALWAYS = (
    "_tuning_objective_metric",
    "_kvstore",
    "_num_gpus",
    "_num_kv_servers",
    "_log_level",
    "epochs_offset",
)


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    name: str
    parse: Parse  # the value of a string; ValueError where it has none
    valid: str  # which strings have one, in words
    default: Any = None
    required: bool = False
    refused: str = ""  # why Cumulet cannot obey it; values in `allowed` are no more than the default
    note: str = ""  # how it is obeyed, where that is not what AWS does

    def but(self, **changes: Any) -> Hyperparameter:
        return replace(self, **changes)


def integer(
    name: str,
    default: Any = None,
    *,
    low: int | None = None,
    high: int | None = None,
    also: tuple[str, ...] = (),
    required: bool = False,
) -> Hyperparameter:
    valid = ", ".join([f"an integer{_bounds(low, high, '[]')}", *also])
    return Hyperparameter(name, _number(_whole, low, high, "[]", also), valid, default, required)


def real(
    name: str,
    default: Any = None,
    *,
    low: float | None = None,
    high: float | None = None,
    edges: str = "[]",
    also: tuple[str, ...] = (),
    required: bool = False,
) -> Hyperparameter:
    valid = ", ".join([f"a number{_bounds(low, high, edges)}", *also])
    return Hyperparameter(name, _number(float, low, high, edges, also), valid, default, required)


def choice(
    name: str, values: Iterable[str], default: Any = None, *, required: bool = False
) -> Hyperparameter:
    known = tuple(values)

    def parse(text: str) -> str:
        if text not in known:
            raise ValueError(text)
        return text

    return Hyperparameter(name, parse, ", ".join(known), default, required)


def flag(name: str, default: Any = None) -> Hyperparameter:
    return Hyperparameter(name, _truth, "true, false", default)


def text(name: str, valid: str = "a string", default: Any = None, *, parse: Parse = str) -> Hyperparameter:
    return Hyperparameter(name, parse, valid, default)


def _whole(given: str) -> int:
    value = float(given)
    if value != int(value):
        raise ValueError(given)
    return int(value)


def _truth(given: str) -> bool:
    if given.lower() not in ("true", "false", "1", "0"):
        raise ValueError(given)
    return given.lower() in ("true", "1")


def _number(
    kind: Callable[[str], Any], low: float | None, high: float | None, edges: str, also: tuple[str, ...]
) -> Parse:
    def parse(given: str) -> Any:
        if given in also:
            return given
        value = kind(given)
        below = low is not None and (value < low or (edges[0] == "(" and value == low))
        above = high is not None and (value > high or (edges[1] == ")" and value == high))
        if below or above or value != value:
            raise ValueError(given)
        return value

    return parse


def _bounds(low: float | None, high: float | None, edges: str) -> str:
    if low is None and high is None:
        return ""
    left = f"{edges[0]}{low}" if low is not None else "(-∞"
    right = f"{high}{edges[1]}" if high is not None else "∞)"
    return f" in {left}, {right}"


class Toolkit:
    """The words of SageMaker's own algorithms."""

    @staticmethod
    def missing(names: list[str]) -> str:
        listed = ", ".join(f"'{name}'" for name in names)
        return (
            f"No value(s) were specified for {listed} which are required hyperparameter(s) "
            f"(caused by ValidationError)\n\nCaused by: '{names[0]}' is a required property"
        )

    @staticmethod
    def unknown(names: list[str]) -> str:
        listed = ", ".join(f"'{name}'" for name in names)
        was = "was" if len(names) == 1 else "were"
        return (
            f"Additional hyperparameters are not allowed ({listed} {was} unexpected) (caused by ValidationError)"
            f"\n\nCaused by: Additional properties are not allowed ({listed} {was} unexpected)"
        )

    @staticmethod
    def wrong(parameter: Hyperparameter, given: str) -> str:
        return (
            f"The value '{given}' is not valid for the '{parameter.name}' hyperparameter which expects one of "
            f"the following: {parameter.valid} (caused by ValidationError)\n\nCaused by: '{given}' is not valid "
            "under any of the given schemas"
        )


@dataclass(frozen=True, slots=True)
class Schema:
    parameters: tuple[Hyperparameter, ...]
    words: Any = Toolkit
    aliases: Mapping[str, str] = field(default_factory=dict)

    def read(self, given: Mapping[str, str]) -> dict[str, Any]:
        """The values of all hyperparameters; None for one that was not given and has no default."""
        known = {parameter.name: parameter for parameter in self.parameters}
        texts = {self.aliases.get(name, name): plain(value) for name, value in given.items()}
        texts = {name: value for name, value in texts.items() if name in known or name not in ALWAYS}
        if unknown := sorted(set(texts) - set(known)):
            raise ClientError(self.words.unknown(unknown))
        if missing := [p.name for p in self.parameters if p.required and p.name not in texts]:
            raise ClientError(self.words.missing(missing))
        return {name: self._value(parameter, texts.get(name)) for name, parameter in known.items()}

    def _value(self, parameter: Hyperparameter, given: str | None) -> Any:
        if given is None:
            return parameter.default
        try:
            value = parameter.parse(given)
        except (ValueError, TypeError, OverflowError):
            raise ClientError(self.words.wrong(parameter, given)) from None
        if parameter.refused and value != parameter.default:
            raise ClientError(
                f"Cumulet does not do the hyperparameter '{parameter.name}' with the value '{given}': "
                f"{parameter.refused}"
            )
        return value


def plain(value: str) -> str:
    """A string that somebody encoded as JSON is meant without its quotes."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        return str(json.loads(value))
    return value
