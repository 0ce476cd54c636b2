"""Search: jobs found by conditions on any of their properties, tags among them.

Training jobs, tuning jobs, endpoints and model packages can be searched for; others are refused by name. A
property is written as the resource's members are named, `HyperParameters.epochs` or `Tags.team`; one within a
list fits where any of its elements does.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import (
    ENDPOINT,
    MODEL_PACKAGE,
    MODEL_PACKAGE_GROUP,
    TRAINING_JOB,
    TUNING_JOB,
    shown,
)
from cumulet.services.sagemaker.tags import Tags
from cumulet.wire.errors import NotImplementedByCumulet

PAGE = 10  # AWS's, where MaxResults is not said
DEPTH = 20  # of expressions within expressions
FOUND = {
    "TrainingJob": (TRAINING_JOB, "TrainingJobName", ""),
    "HyperParameterTuningJob": (
        TUNING_JOB,
        "HyperParameterTuningJobName",
        "describe_hyper_parameter_tuning_job",
    ),
    "Endpoint": (ENDPOINT, "EndpointName", "describe_endpoint"),
    "ModelPackage": (MODEL_PACKAGE, "ModelPackageArn", ""),
    "ModelPackageGroup": (MODEL_PACKAGE_GROUP, "ModelPackageGroupName", ""),
}

Body = dict[str, Any]
Key = tuple[int, float, str, str]


class Search(Tags):
    def search(
        self,
        *,
        Resource: str,
        SearchExpression: dict[str, Any] | None = None,
        SortBy: str = "LastModifiedTime",
        SortOrder: str = "Descending",
        NextToken: str | None = None,
        MaxResults: int | None = None,
        CrossAccountFilterOption: str = "SameAccount",
    ) -> dict[str, Any]:
        """Training jobs, tuning jobs, endpoints, model packages or their groups that fit an expression. No other
        account's are to be found."""
        if CrossAccountFilterOption != "SameAccount":
            raise NotImplementedByCumulet(f"Search with CrossAccountFilterOption {CrossAccountFilterOption}")
        if Resource not in FOUND:
            raise NotImplementedByCumulet(f"Search for {Resource} ({', '.join(FOUND)} are done)")
        fits, name = expression(SearchExpression or {}), FOUND[Resource][1]
        keyed = [(_key(body, SortBy, name), body) for body in self._searched(*FOUND[Resource]) if fits(body)]
        keyed.sort(key=lambda each: each[0], reverse=SortOrder == "Descending")
        begin = _begin(NextToken, [key for key, _ in keyed], SortOrder) if NextToken else 0
        end = begin + (MaxResults or PAGE)
        return {
            "Results": [{Resource: body} for _, body in keyed[begin:end]],
            "NextToken": _token(keyed[end - 1][0]) if end < len(keyed) else None,
            "TotalHits": {"Value": len(keyed), "Relation": "EqualTo"},
        }

    def _searched(self, kind: str, member: str, describe: str) -> Iterator[Body]:
        """All of a kind as Search shows them: with their tags. Some are more than their record."""
        for name, record in self.store.records.list(f"sagemaker.{kind}", self.caller.scope):
            body = getattr(self.other("sagemaker"), describe)(**{member: name}) if describe else shown(record)
            yield {**body, "Tags": self._tags(f"{kind}/{name}")}


def expression(asked: Body, depth: int = 0) -> Callable[[Body], bool]:
    """A SearchExpression as a test of one resource."""
    if depth > DEPTH:
        raise invalid(f"A SearchExpression may be nested {DEPTH} deep.")
    parts = [condition(each) for each in asked.get("Filters", [])]
    parts += [_nested(each) for each in asked.get("NestedFilters", [])]
    parts += [expression(each, depth + 1) for each in asked.get("SubExpressions", [])]
    together = any if asked.get("Operator") == "Or" and parts else all
    return lambda body: together(part(body) for part in parts)


def condition(asked: dict[str, str]) -> Callable[[Body], bool]:
    """One filter. Where it has no operator, it is Equals."""
    path, operator, value = asked["Name"], asked.get("Operator", "Equals"), asked.get("Value", "")
    if operator == "Exists":
        return lambda body: any(True for _ in values(body, path))
    if operator == "NotExists":
        return lambda body: not any(True for _ in values(body, path))
    if operator == "NotEquals":
        return lambda body: not any(_equal(found, value) for found in values(body, path))
    test = TESTS[operator]
    return lambda body: any(test(found, value) for found in values(body, path))


def _nested(asked: Body) -> Callable[[Body], bool]:
    """Conditions that one and the same element of a list fulfils together."""
    path = asked["NestedPropertyName"]
    tests = [condition({**each, "Name": each["Name"].removeprefix(f"{path}.")}) for each in asked["Filters"]]
    return lambda body: any(all(test(element) for test in tests) for element in values(body, path))


def values(body: Any, path: str) -> Iterator[Any]:
    """What stands at a path; tags and metrics are found by their names as well."""
    if isinstance(body, list):
        for element in body:
            yield from values(element, path)
    elif not path:
        yield body
    elif isinstance(body, dict):
        first, _, rest = path.partition(".")
        if first in ("Tags", "FinalMetricDataList") and rest:
            yield from _named(body.get(first, []), rest)
        if path in body:  # a hyperparameter's name may have dots in it
            yield from values(body[path], "")
        elif first in body:
            yield from values(body[first], rest)


def _named(listed: list[Body], name: str) -> Iterator[Any]:
    for element in listed:
        if name in (element.get("Key"), element.get("MetricName")):
            yield element["Value"]


def _equal(found: Any, value: str) -> bool:
    return _compared(found, value) == 0


def _compared(found: Any, value: str) -> int | None:
    """How what was found stands to a value; None where they cannot be compared."""
    if isinstance(found, bool):
        return 0 if str(found).lower() == value.lower() else None
    if isinstance(found, int | float):
        number = _number(value)
        return None if number is None else (found > number) - (found < number)
    return (found > value) - (found < value) if isinstance(found, str) else None


def _number(value: str) -> float | None:
    """A number, or a moment as ISO 8601 (times are epoch seconds here)."""
    for read in (float, lambda text: datetime.fromisoformat(text).timestamp()):
        try:
            return float(read(value))
        except ValueError:
            continue
    return None


TESTS: dict[str, Callable[[Any, str], bool]] = {
    "Equals": _equal,
    "GreaterThan": lambda found, value: _compared(found, value) == 1,
    "GreaterThanOrEqualTo": lambda found, value: _compared(found, value) in (0, 1),
    "LessThan": lambda found, value: _compared(found, value) == -1,
    "LessThanOrEqualTo": lambda found, value: _compared(found, value) in (-1, 0),
    "Contains": lambda found, value: value.lower() in str(found).lower(),
    "In": lambda found, value: any(_equal(found, one.strip()) for one in value.split(",")),
}


def _key(body: Body, path: str, name: str) -> Key:
    """What has no such property first, then numbers, then texts; names break ties."""
    found = next(values(body, path), None)
    if isinstance(found, int | float):
        return 1, float(found), "", body[name]
    return (2, 0.0, found, body[name]) if isinstance(found, str) else (0, 0.0, "", body[name])


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def _begin(token: str, keys: list[Key], order: str) -> int:
    """Where the next page begins: behind the last thing shown, whatever was made or deleted meanwhile."""
    try:
        last = tuple(json.loads(base64.urlsafe_b64decode(token)))
        behind = (key < last if order == "Descending" else key > last for key in keys)
        return next((number for number, there in enumerate(behind) if there), len(keys))
    except (ValueError, TypeError):
        raise invalid("NextToken is not one that this operation returned.") from None
