"""The URIs of one REST service, and which operation a method, a path and a query string mean.

S3 has a hundred operations on three paths: query literals (`?acl`), and parameters and headers that an
operation requires (`partNumber`, `x-amz-copy-source`), tell them apart. The most specific one wins.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote_plus

from botocore.model import OperationModel, ServiceModel

from cumulet.wire import models
from cumulet.wire.errors import AwsError
from cumulet.wire.message import Headers
from cumulet.wire.shapes import Shape

LABEL = re.compile(r"\{([^}]+)\}")


@lru_cache(256)
def parameters(query: str) -> dict[str, str]:
    """A query string's parameters, read leniently: only to find the operation. Not to be changed."""
    if not query:
        return {}
    try:
        return dict(pairs(query, errors="replace"))
    except ValueError as error:
        raise AwsError("MalformedQueryString", f"The query string is malformed: {error}") from error


def pairs(query: str, *, errors: str = "strict", most: int = 100_000) -> list[tuple[str, str]]:
    """The names and values of a query string or a form; ValueError where it has more than `most`."""
    if query.count("&") >= most:
        raise ValueError(f"it has more than {most} fields")
    if "%" not in query and "+" not in query:
        return [pair.partition("=")[::2] for pair in query.split("&") if pair]
    return [
        (_decoded(name, errors), _decoded(value, errors))
        for name, _, value in (pair.partition("=") for pair in query.split("&") if pair)
    ]


def _decoded(text: str, errors: str) -> str:
    return unquote_plus(text, errors=errors) if "%" in text or "+" in text else text


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the operations that share a method and a path."""

    operation: OperationModel
    literals: tuple[tuple[str, str], ...]  # of the URI's own query string; "" matches any value
    parameters: frozenset[str]  # query parameters that the operation requires
    headers: frozenset[str]  # headers that it requires

    def admits(self, query: Mapping[str, str]) -> bool:
        return all(name in query and value in ("", query[name]) for name, value in self.literals)

    def weight(self, query: Mapping[str, str], headers: Headers) -> tuple[int, int, int]:
        """How well a request fits: literals first, then all that is required, or as little as possible."""
        needs = len(self.parameters) + len(self.headers)
        whole = self.parameters <= query.keys() and all(name in headers for name in self.headers)
        return len(self.literals), needs if whole else -needs, 0 if self.operation.deprecated else 1


@dataclass(slots=True)
class Path:
    """One path template, and the operations on it."""

    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    weight: tuple[int, int]
    variants: list[Variant] = field(default_factory=list)
    plain: list[Variant] = field(default_factory=list)  # those without literals, which most requests mean
    literals: set[str] = field(default_factory=set)  # names in the literals of the others

    def add(self, variant: Variant) -> None:
        self.variants.append(variant)
        self.literals.update(name for name, _ in variant.literals)
        if not variant.literals:
            self.plain.append(variant)

    def choose(self, query: Mapping[str, str], headers: Headers) -> Variant | None:
        if self.literals.isdisjoint(query):
            fitting = self.plain
        else:
            fitting = [variant for variant in self.variants if variant.admits(query)]
        if len(fitting) < 2:
            return fitting[0] if fitting else None
        return max(fitting, key=lambda variant: variant.weight(query, headers))


@dataclass(slots=True)
class Match:
    operation: OperationModel
    labels: dict[str, str]
    weight: tuple[int, int]


class Table:
    """A service's paths, by method and first segment."""

    def __init__(self, service: ServiceModel) -> None:
        self.paths: dict[tuple[str, str], list[Path]] = defaultdict(list)
        by_template: dict[tuple[str, str], Path] = {}
        for name in service.operation_names:
            operation = service.operation_model(name)
            method, uri = operation.http["method"], operation.http["requestUri"]
            template, _, literals = uri.partition("?")
            template = template.rstrip("/") or "/"
            if (path := by_template.get((method, template))) is None:
                path = by_template[method, template] = _path(template)
                self.paths[method, _first(template)].append(path)
            path.add(_variant(operation, literals))
        for paths in self.paths.values():
            paths.sort(key=lambda path: path.weight, reverse=True)

    def match(self, method: str, path: str, query: Mapping[str, str], headers: Headers) -> Match | None:
        """The operation, and its labels still percent-encoded."""
        first = path[1:].partition("/")[0]
        for candidate in (*self.paths.get((method, first), ()), *self.paths.get((method, "{"), ())):
            if (found := candidate.pattern.fullmatch(path)) and (variant := candidate.choose(query, headers)):
                labels = dict(zip(candidate.labels, found.groups(), strict=True))
                return Match(variant.operation, labels, candidate.weight)
        return None


def _first(template: str) -> str:
    segment = template[1:].partition("/")[0]
    return "{" if "{" in segment else segment


def _path(template: str) -> Path:
    labels = LABEL.findall(template)
    parts = LABEL.split(template.rstrip("/"))
    for i in range(1, len(parts), 2):
        parts[i] = "(.+)" if parts[i].endswith("+") else "([^/]+)"
    for i in range(0, len(parts), 2):
        parts[i] = re.escape(parts[i])
    greedy = any(label.endswith("+") for label in labels)
    literals = sum(len(segment) for segment in LABEL.sub("", template).split("/"))
    pattern = re.compile("".join(parts) + "/?", re.DOTALL)
    return Path(pattern, tuple(label.rstrip("+") for label in labels), (literals, not greedy))


def _variant(operation: OperationModel, literals: str) -> Variant:
    pairs = tuple(
        (name, value) for name, _, value in (part.partition("=") for part in literals.split("&")) if name
    )
    shape = models.plan(operation).input
    return Variant(operation, pairs, _required(shape, "querystring"), _required(shape, "header"))


def _required(shape: Shape | None, location: str) -> frozenset[str]:
    if shape is None:
        return frozenset()
    members = {name: shape.members[name] for name in shape.required}
    return frozenset(member.wire or name for name, member in members.items() if member.location == location)
