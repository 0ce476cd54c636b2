"""The queries of one GetMetricData call (or one alarm), computed: metrics first, then what is made of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from cumulet.services.cloudwatch.expressions import (
    Array,
    Call,
    Node,
    Number,
    Operator,
    Reference,
    Text,
    parse,
)
from cumulet.services.cloudwatch.mathematics import Scope, array, call
from cumulet.services.cloudwatch.refusals import unfit
from cumulet.services.cloudwatch.series import Range, Series, Value, combine
from cumulet.wire.errors import NotImplementedByCumulet

ID = re.compile(r"[a-z][A-Za-z0-9_]*")
WORDS = {"REPEAT", "LINEAR", "ASC", "DESC", "AVG", "MIN", "MAX", "SUM"}
UNWRITTEN = {
    "SEARCH",
    "ANOMALY_DETECTION_BAND",
    "INSIGHT_RULE_METRIC",
    "SERVICE_QUOTA",
    "DB_PERF_INSIGHTS",
    "LAMBDA",
}

Read = Callable[[dict[str, Any]], Series]


@dataclass(slots=True)
class Queries:
    """Computes queries by their ids, each once; `read` is asked for the metrics."""

    queries: dict[str, dict[str, Any]]
    range: Range
    read: Read
    found: dict[str, list[Series]] = field(default_factory=dict)
    open: set[str] = field(default_factory=set)

    def result(self, identifier: str) -> list[Series]:
        if identifier not in self.found:
            if identifier in self.open:
                raise unfit(f"The expression {identifier} refers to itself.")
            self.open.add(identifier)
            self.found[identifier] = self._compute(self.queries[identifier])
            self.open.discard(identifier)
        return self.found[identifier]

    def _compute(self, query: dict[str, Any]) -> list[Series]:
        if "MetricStat" in query:
            return [self.read(query)]
        value = self._value(parse(query["Expression"]))
        if not isinstance(value, Series | list):
            raise unfit(
                f"Error in expression '{query['Id']}': The final result of an expression must be a time "
                "series or an array of time series."
            )
        return [self._labelled(query, one, many=isinstance(value, list)) for one in array(value)]

    def _labelled(self, query: dict[str, Any], one: Series, *, many: bool) -> Series:
        label = query.get("Label") or query["Id"]
        return replace(one, label=f"{label} {one.label}".strip() if many else label)

    def _value(self, node: Node) -> Value:
        match node:
            case Number(value) | Text(value):
                return value
            case Reference(name):
                return self._referred(name)
            case Array(items):
                return [one for item in items for one in array(self._value(item))]
            case Operator(sign, left, right):
                return combine(sign, self._value(left), self._value(right))
            case Call(function, arguments):
                return self._called(function, arguments)

    def _called(self, function: str, arguments: tuple[Node, ...]) -> Value:
        if function in UNWRITTEN:
            raise NotImplementedByCumulet(f"the function {function} of metric math")
        scope = Scope(self.range, self._metrics())
        return call(function, scope, [self._value(argument) for argument in arguments])

    def _metrics(self) -> dict[str, Series]:
        return {name: self.result(name)[0] for name, query in self.queries.items() if "MetricStat" in query}

    def _referred(self, name: str) -> Value:
        if name in WORDS:
            return name
        if name not in self.queries:
            raise unfit(f"The expression refers to {name}, which is not the Id of a query of this request.")
        found = self.result(name)
        return found[0] if len(found) == 1 else found


def checked(queries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The queries by their ids; what AWS refuses of them is refused."""
    named: dict[str, dict[str, Any]] = {}
    for query in queries:
        name = query["Id"]
        if not ID.fullmatch(name):
            raise unfit(
                f"The value {name} for parameter Id is not a lowercase letter, then letters, digits, _."
            )
        if name in named:
            raise unfit(f"The values for parameter Id are not unique: {name}.")
        if ("MetricStat" in query) == ("Expression" in query):
            raise unfit(f"The query {name} must have either MetricStat or Expression.")
        if "${" in query.get("Label", ""):
            raise NotImplementedByCumulet("dynamic labels")
        if query.get("Expression", "").lstrip()[:7].upper() == "SELECT ":
            raise NotImplementedByCumulet("Metrics Insights queries")
        named[name] = query
    return named
