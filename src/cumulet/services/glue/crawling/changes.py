"""Writing what a crawl found into the catalog, as far as the crawler's schema change policy allows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from cumulet.services.glue.crawling.configuration import Configuration
from cumulet.services.glue.crawling.definitions import Definition, without_statistics
from cumulet.services.glue.crawling.targets import targets
from cumulet.wire.errors import AwsError

BATCH = 100  # partitions in one call, as the API has it
DEPRECATED = "DEPRECATED_BY_CRAWLER"
NOT_INPUT = {
    "DatabaseName",
    "CreateTime",
    "UpdateTime",
    "CreatedBy",
    "IsRegisteredWithLakeFormation",
    "CatalogId",
    "VersionId",
}


@dataclass(slots=True)
class Counts:
    """What a crawl has done, as its metrics and its history tell it."""

    tables: dict[str, list[str]] = field(default_factory=lambda: {"ADD": [], "UPDATE": [], "DELETE": []})
    partitions: dict[str, int] = field(default_factory=lambda: {"ADD": 0, "UPDATE": 0, "DELETE": 0})


@dataclass(slots=True)
class Changes:
    """One crawl's writing. `glue` is the service whose public operations do it."""

    glue: Any
    crawler: dict[str, Any]
    configuration: Configuration
    log: Callable[[str, str], None]  # level, message
    now: Callable[[], float]
    counts: Counts = field(default_factory=Counts)

    @property
    def database(self) -> str:
        return str(self.crawler["DatabaseName"])

    def update(self, made: list[Definition], whole: bool) -> None:
        """Bring the catalog up to what was found; `whole` says that all was looked at, so that what was
        not found is gone."""
        known = self.own_tables()
        for definition in made:
            self.table(definition, known, whole)
        if whole:
            locations = {definition.location for definition in made}
            for table in known:
                if table["StorageDescriptor"]["Location"] not in locations and self.covers(table):
                    self.gone(table)

    def own_tables(self) -> list[dict[str, Any]]:
        pages = every_page(self.glue.get_tables, "TableList", DatabaseName=self.database)
        return [one for one in pages if one.get("Parameters", {}).get("UPDATED_BY_CRAWLER")]

    def covers(self, table: dict[str, Any]) -> bool:
        """Whether this crawler made the table and still looks where it lies."""
        location = table["StorageDescriptor"]["Location"]
        paths = [one.location.rstrip("/") for one in targets(self.crawler["Targets"])]
        mine = table["Parameters"]["UPDATED_BY_CRAWLER"] == self.crawler["Name"]
        return mine and any(location.rstrip("/") == path or location.startswith(path + "/") for path in paths)

    def table(self, definition: Definition, known: list[dict[str, Any]], whole: bool) -> None:
        """Create a table, or update the one that lies at its location."""
        here = next((t for t in known if t["StorageDescriptor"]["Location"] == definition.location), None)
        name = here["Name"] if here else self.free_name(definition)
        old = here or self.existing(name)
        definition.table["Name"] = name
        if old is None:
            self.glue.create_table(DatabaseName=self.database, TableInput=definition.table)
            self.counts.tables["ADD"].append(name)
            self.log("INFO", f"Created table {name} in database {self.database}")
        else:
            self.changed(old, definition)
        self.below(name, definition, whole)

    def again(self, old: dict[str, Any], definition: Definition, whole: bool) -> None:
        """Bring a table up to date that the crawler was told of."""
        self.changed(old, definition)
        self.below(definition.name, definition, whole)

    def below(self, name: str, definition: Definition, whole: bool) -> None:
        if definition.table["PartitionKeys"]:
            self.index(name, definition)
            self.partitions(name, definition, whole)

    def free_name(self, definition: Definition) -> str:
        """The name, unless a table that lies elsewhere has it: then with the location's digest behind."""
        old = self.existing(definition.name)
        if old is None or old.get("StorageDescriptor", {}).get("Location") == definition.location:
            return definition.name
        digest = hashlib.sha256(definition.location.encode()).hexdigest()[:32]
        return f"{definition.name[:200]}_{digest}"

    def existing(self, name: str) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = self.glue.get_table(DatabaseName=self.database, Name=name)["Table"]
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            return None
        return found

    def changed(self, old: dict[str, Any], definition: Definition) -> None:
        """A table that was there: its statistics follow the data, its schema the policy."""
        new = definition.table
        if self.configuration.merge_columns:
            keep_columns(old, new)
        same = without_statistics(old) == without_statistics(new)
        if not same and self.crawler["SchemaChangePolicy"]["UpdateBehavior"] == "LOG":
            self.log("INFO", f"Schema of table {new['Name']} has changed; by policy it is left as it is")
            return
        if same and old.get("Parameters") == new["Parameters"]:
            return
        kept = {name: value for name, value in old.items() if name not in NOT_INPUT}
        self.glue.update_table(DatabaseName=self.database, TableInput={**kept, **new}, SkipArchive=same)
        self.counts.tables["UPDATE"].append(new["Name"])
        self.log("INFO", f"Updated table {new['Name']} in database {self.database}")

    def index(self, name: str, definition: Definition) -> None:
        if not self.configuration.partition_index:
            return
        keys = [key["Name"] for key in definition.table["PartitionKeys"]]
        index = {"IndexName": "crawler_partition_index", "Keys": keys}
        have = self.glue.get_partition_indexes(DatabaseName=self.database, TableName=name)
        if not have["PartitionIndexDescriptorList"]:
            self.glue.create_partition_index(DatabaseName=self.database, TableName=name, PartitionIndex=index)

    def partitions(self, name: str, definition: Definition, whole: bool) -> None:
        """Add those that are new, bring the others up to date, and treat those that are gone by policy."""
        if self.configuration.inherit:
            for partition in definition.partitions:
                inherit(partition, self.glue.get_table(DatabaseName=self.database, Name=name)["Table"])
        where = {"DatabaseName": self.database, "TableName": name}
        old = {row.values: row for row in self.glue.partition_rows(**where)}
        wanted = {tuple(one["Values"]): one for one in definition.partitions}
        new = [one for values, one in wanted.items() if values not in old]
        for start in range(0, len(new), BATCH):
            self.glue.batch_create_partition(PartitionInputList=new[start : start + BATCH], **where)
        self.counts.partitions["ADD"] += len(new)
        if new:
            self.log("INFO", f"Created {len(new)} partitions of table {name} in database {self.database}")
        self.refresh(where, [one for values, one in wanted.items() if stale(old.get(values), one)])
        if whole:
            self.drop(where, [values for values in old if values not in wanted])

    def refresh(self, where: dict[str, str], stale: list[dict[str, Any]]) -> None:
        if self.crawler["SchemaChangePolicy"]["UpdateBehavior"] == "LOG":
            return
        for start in range(0, len(stale), BATCH):
            entries = [
                {"PartitionValueList": one["Values"], "PartitionInput": one}
                for one in stale[start : start + BATCH]
            ]
            self.glue.batch_update_partition(Entries=entries, **where)
        self.counts.partitions["UPDATE"] += len(stale)

    def drop(self, where: dict[str, str], gone: list[tuple[str, ...]]) -> None:
        """Partitions whose files are gone: only the policy that deletes touches them."""
        if gone and self.crawler["SchemaChangePolicy"]["DeleteBehavior"] != "DELETE_FROM_DATABASE":
            self.log("INFO", f"{len(gone)} partitions of table {where['TableName']} have no files any more")
            return
        for start in range(0, len(gone), 25):
            wanted = [{"Values": list(values)} for values in gone[start : start + 25]]
            self.glue.batch_delete_partition(PartitionsToDelete=wanted, **where)
        self.counts.partitions["DELETE"] += len(gone)

    def gone(self, table: dict[str, Any]) -> None:
        """A table whose files are gone: left, marked or deleted, as the policy says."""
        name, behaviour = table["Name"], self.crawler["SchemaChangePolicy"]["DeleteBehavior"]
        if behaviour == "LOG" or DEPRECATED in table["Parameters"]:
            self.log("INFO", f"Table {name} has no files any more; by policy it is left as it is")
        elif behaviour == "DELETE_FROM_DATABASE":
            self.glue.delete_table(DatabaseName=self.database, Name=name)
            self.counts.tables["DELETE"].append(name)
            self.log("INFO", f"Deleted table {name} of database {self.database}")
        else:
            body = {member: value for member, value in table.items() if member not in NOT_INPUT}
            body["Parameters"] = {**table["Parameters"], DEPRECATED: str(int(self.now() * 1000))}
            self.glue.update_table(DatabaseName=self.database, TableInput=body)
            self.counts.tables["UPDATE"].append(name)
            self.log("INFO", f"Marked table {name} of database {self.database} as deprecated")


def every_page(ask: Callable[..., dict[str, Any]], member: str, **members: Any) -> Iterator[Any]:
    token: str | None = None
    while True:
        answer = ask(**members, **({"NextToken": token} if token else {}))
        yield from answer[member]
        if (token := answer.get("NextToken")) is None:
            return


def keep_columns(old: dict[str, Any], new: dict[str, Any]) -> None:
    """The columns that were there, as they were, and behind them those that are new."""
    columns = old.get("StorageDescriptor", {}).get("Columns", [])
    names = {column["Name"] for column in columns}
    added = [column for column in new["StorageDescriptor"]["Columns"] if column["Name"] not in names]
    new["StorageDescriptor"]["Columns"] = [*columns, *added]


def inherit(partition: dict[str, Any], table: dict[str, Any]) -> None:
    """Give a partition its table's schema and format: all but its location and statistics."""
    own = partition["StorageDescriptor"]
    partition["StorageDescriptor"] = {**table["StorageDescriptor"], "Location": own["Location"]}


def stale(old: Any, new: dict[str, Any]) -> bool:
    """Whether a partition that was there reads otherwise now."""
    if old is None:
        return False
    descriptor = {**old.form, "Location": old.location}
    return bool(descriptor != new["StorageDescriptor"])
