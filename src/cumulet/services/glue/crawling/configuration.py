"""A crawler's Configuration: a JSON text of its own inside the API.

https://docs.aws.amazon.com/glue/latest/dg/crawler-configuration.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cumulet.services.glue.crawling.tables import Policy
from cumulet.services.glue.refusals import invalid

KNOWN = {
    "": {"Version", "CrawlerOutput", "Grouping", "CreatePartitionIndex"},
    "CrawlerOutput": {"Partitions", "Tables"},
    "CrawlerOutput.Partitions": {"AddOrUpdateBehavior"},
    "CrawlerOutput.Tables": {"AddOrUpdateBehavior", "TableThreshold"},
    "Grouping": {"TableGroupingPolicy", "TableLevelConfiguration"},
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a crawler's configuration asks for."""

    combine: bool = False
    level: int | None = None
    inherit: bool = False
    merge_columns: bool = False
    threshold: int | None = None
    partition_index: bool = False

    @property
    def policy(self) -> Policy:
        return Policy(self.combine, self.level)


def configuration(text: str | None) -> Configuration:
    """A configuration read and checked; what it says that is not known here is refused by name."""
    if not text:
        return Configuration()
    try:
        said = json.loads(text)
    except ValueError as error:
        raise invalid(f"The crawler's Configuration is not JSON: {error}") from None
    check(said, "")
    output, grouping = said.get("CrawlerOutput", {}), said.get("Grouping", {})
    partitions, tables = output.get("Partitions", {}), output.get("Tables", {})
    return Configuration(
        combine=one_of(grouping, "TableGroupingPolicy", "CombineCompatibleSchemas"),
        level=positive(grouping, "TableLevelConfiguration"),
        inherit=one_of(partitions, "AddOrUpdateBehavior", "InheritFromTable"),
        merge_columns=one_of(tables, "AddOrUpdateBehavior", "MergeNewColumns"),
        threshold=positive(tables, "TableThreshold"),
        partition_index=bool(said.get("CreatePartitionIndex", False)),
    )


def check(said: Any, path: str) -> None:
    if not isinstance(said, dict):
        raise invalid(f"{path or 'The crawler'}: Configuration must be a JSON object.")
    if unknown := sorted(said.keys() - KNOWN[path]):
        where = f"{path}." if path else ""
        raise invalid(
            f"The crawler's Configuration has an unknown {', '.join(where + name for name in unknown)}."
        )
    for name, value in said.items():
        inner = f"{path}.{name}".strip(".")
        if inner in KNOWN:
            check(value, inner)


def one_of(said: dict[str, Any], name: str, only: str) -> bool:
    if name not in said:
        return False
    if said[name] != only:
        raise invalid(f"The crawler's Configuration has {name} {said[name]!r}; it can be {only}.")
    return True


def positive(said: dict[str, Any], name: str) -> int | None:
    value = said.get(name)
    if value is not None and (not isinstance(value, int) or value < 1):
        raise invalid(f"The crawler's Configuration has {name} {value!r}, which is not a positive number.")
    return value
