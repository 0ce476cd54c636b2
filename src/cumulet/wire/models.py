"""botocore's service models: the specification that everything here is driven by.

botocore describes more than 400 services in 100 MB of JSON. A model is read when a request needs it; to
know which service a request means, the first kilobytes of each file (its metadata) are enough.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import botocore
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

from cumulet.wire.shapes import Plan, Shapes

DATA = Path(botocore.__file__).parent / "data"
HEAD = 8192  # bytes: the metadata comes first, and is far smaller

_books: WeakKeyDictionary[ServiceModel, Shapes] = WeakKeyDictionary()


@cache
def names() -> tuple[str, ...]:
    """Every service that botocore knows."""
    return tuple(sorted(path.name for path in DATA.iterdir() if next(path.glob("*/service-2.json*"), None)))


@cache
def service(name: str) -> ServiceModel:
    """A service's model: its newest API version, with what botocore adds for its SDK."""
    return model(Loader().load_service_model(name, "service-2"), name)


def model(description: dict[str, Any], name: str) -> ServiceModel:
    """A model from its description, less its documentation: half of the memory, and never asked for."""
    _drop_documentation(description)
    made = ServiceModel(description, name)
    _books[made] = Shapes(description.get("shapes", {}), description["operations"])
    return made


def _drop_documentation(description: dict[str, Any]) -> None:
    for definition in (
        description,
        *description["operations"].values(),
        *description.get("shapes", {}).values(),
    ):
        definition.pop("documentation", None)
        for use in definition.get("members", {}).values():
            use.pop("documentation", None)


def shapes(service_model: ServiceModel) -> Shapes:
    return _books[service_model]


def plan(operation: OperationModel) -> Plan:
    """The shapes of an operation, found once."""
    book = _books[operation.service_model]
    if (found := book.plans.get(operation.name)) is None:
        found = book.plans[operation.name] = _plan(operation, book)
    return found


def _plan(operation: OperationModel, book: Shapes) -> Plan:
    description = book.operations[operation.name]
    sent, answered = description.get("input"), description.get("output")
    return Plan(
        input=book.use(sent) if sent else None,
        output=book.use(answered) if answered else None,
        result_wrapper=answered.get("resultWrapper") if answered else None,
        status=description["http"].get("responseCode", 200),
        compressed="requestcompression" in description,
        literals=frozenset(re.findall(r"[?&]([^=&]+)", description["http"]["requestUri"])),
        compatible="awsQueryCompatible" in operation.service_model.metadata,
    )


@cache
def metadata(name: str) -> dict[str, Any]:
    """A service's metadata (signing name, endpoint prefix, protocols ...), without its whole model."""
    folder = max(path for path in (DATA / name).iterdir() if next(path.glob("service-2.json*"), None))
    head = _head(folder)
    decoder = json.JSONDecoder()
    start = head.index("{", head.index('"metadata"'))
    found: dict[str, Any] = decoder.raw_decode(head, start)[0]
    return found


def _head(folder: Path) -> str:
    packed = folder / "service-2.json.gz"
    if packed.exists():
        with gzip.open(packed) as file:
            return file.read(HEAD).decode("utf-8", "ignore")
    with (folder / "service-2.json").open("rb") as file:
        return file.read(HEAD).decode("utf-8", "ignore")


@dataclass(frozen=True, slots=True)
class Index:
    """Services by what requests call them."""

    signing: dict[str, list[str]]  # by the service in a credential scope
    target: dict[str, list[str]]  # by the prefix of X-Amz-Target
    endpoint: dict[str, list[str]]  # by the first part of the host name


@cache
def index(services: frozenset[str]) -> Index:
    """An index over some services: a request looks among those that are carried before all of botocore's."""
    found = Index(defaultdict(list), defaultdict(list), defaultdict(list))
    for name in sorted(services):
        said = metadata(name)
        found.signing[said.get("signingName", said["endpointPrefix"])].append(name)
        found.endpoint[said["endpointPrefix"]].append(name)
        if "targetPrefix" in said:
            found.target[said["targetPrefix"]].append(name)
    return found
