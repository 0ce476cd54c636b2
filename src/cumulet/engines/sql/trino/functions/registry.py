"""The allow-list of functions: what is registered here was checked against Trino's documentation.

Most functions are a signature and a template: `define("upper", "varchar -> varchar", "upper({0})")`. Several
signatures of one name are tried in order. What needs more is a Python function under `@function(name)`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cumulet.engines.sql.trino import types as t
from cumulet.engines.sql.trino.expression import Expressions
from cumulet.engines.sql.trino.typed import VARIABLES, Typed, bind, coerce, filled
from cumulet.engines.sql.trino.types import Type


@dataclass(frozen=True, slots=True)
class Call:
    """One call: the place, the node, the function's name and the arguments' trees."""

    to: Expressions
    tree: Any
    name: str
    arguments: list[Any]

    def values(self) -> list[Typed]:
        return [self.to(each) for each in self.arguments]

    def unexpected(self, values: list[Typed]) -> Exception:
        given = ", ".join(str(value.type) for value in values)
        known = SIGNATURES.get(self.name, [])
        expected = ", ".join(f"{self.name}({', '.join(map(shown, s.parameters))})" for s in known)
        return self.to.error(
            "FUNCTION_NOT_FOUND",
            self.tree,
            f"Unexpected parameters ({given}) for function {self.name}. Expected: {expected}",
        )


Handler = Callable[[Call], Typed]
FUNCTIONS: dict[str, Handler] = {}


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: list[Type]
    result: Type
    template: str
    variadic: bool = False


SIGNATURES: dict[str, list[Signature]] = {}


def shown(kind: Type) -> str:
    return str(kind)


def spelling(text: str) -> Type:
    text = text.strip()
    if text in VARIABLES or text in ("decimal", "timestamp with time zone"):
        return t.TIMESTAMP_TZ if text.startswith("timestamp w") else Type(text)
    if text.startswith(("array(", "map(")):
        base, inner = text[:-1].split("(", 1)
        return Type(base, parts=tuple(spelling(each) for each in pieces(inner)))
    if text in ("timestamp", "interval day to second", "interval year to month"):
        return t.TIMESTAMP if text == "timestamp" else Type(text)
    return t.parse(text)


def pieces(text: str) -> list[str]:
    """Split at the commas outside brackets."""
    found, depth, start = [], 0, 0
    for at, mark in enumerate(text):
        depth += (mark == "(") - (mark == ")")
        if mark == "," and not depth:
            found.append(text[start:at])
            start = at + 1
    return [*found, text[start:]] if text.strip() else []


def define(name: str, signature: str, template: str) -> None:
    """A function by its types and its words in DuckDB; `...` behind the last type repeats it."""
    left, _, right = signature.rpartition("->")
    variadic = left.strip().endswith("...")
    parameters = [spelling(each) for each in pieces(left.strip().removesuffix("..."))]
    SIGNATURES.setdefault(name, []).append(Signature(parameters, spelling(right), template, variadic))
    FUNCTIONS[name] = simple


def function(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        FUNCTIONS.update(dict.fromkeys(names, handler))
        return handler

    return register


def simple(call: Call) -> Typed:
    """A call by the first signature that its arguments fit, exactly if possible."""
    values = call.values()
    return applied(call, values, SIGNATURES[call.name])


def applied(call: Call, values: list[Typed], signatures: list[Signature]) -> Typed:
    for exactly in (True, False):
        for signature in signatures:
            if (found := attempt(values, signature, exactly)) is not None:
                return found
    raise call.unexpected(values)


def attempt(values: list[Typed], signature: Signature, exactly: bool) -> Typed | None:
    parameters = signature.parameters
    if signature.variadic and len(values) >= len(parameters):
        parameters = parameters + [parameters[-1]] * (len(values) - len(parameters))
    if len(parameters) != len(values):
        return None
    bound: dict[str, Type] = {}
    for parameter, value in zip(parameters, values, strict=True):
        if exactly and parameter.base not in VARIABLES and parameter.base != value.type.base:
            return None
        if not bind(parameter, value.type, bound):
            return None
    if any(v not in bound for v in variables(signature)):
        return None
    wanted = [filled(parameter, bound) for parameter in parameters]
    fitted = [
        value if same(value.type, kind) else coerce(value, kind)
        for value, kind in zip(values, wanted, strict=True)
    ]
    sql = signature.template.replace("{*}", ", ".join(v.sql for v in fitted))
    for place, value in enumerate(fitted):
        sql = sql.replace(f"{{{place}}}", value.sql)
    kind = filled(signature.result, bound)
    return Typed(sql.replace("{result}", kind.duck), kind)


def same(given: Type, wanted: Type) -> bool:
    """Digits of seconds and zones do not matter to a template."""
    return (
        given.base == wanted.base
        and not given.parts
        and (
            wanted.base in ("timestamp", "timestamp with time zone", "varchar")
            or given == wanted
            or not wanted.numbers
        )
    )


def variables(signature: Signature) -> set[str]:
    def inside(kind: Type) -> set[str]:
        return (
            {kind.base}
            if kind.base in VARIABLES
            else set().union(*(inside(p) for p in kind.parts))
            if kind.parts
            else set()
        )

    return inside(signature.result)
