"""The lake as the engine sees it: Glue's tables and S3's files, asked for while a query is planned."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import Column, File, NotSupported, SqlError, Table
from cumulet.services.athena import delta_tables, projection
from cumulet.services.athena.delta_tables import is_delta
from cumulet.services.athena.iceberg import record
from cumulet.services.athena.places import bucket_and_key, folder
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.services import Service

VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
SERDES = {
    "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe": "text",
    "org.apache.hadoop.hive.serde2.OpenCSVSerde": "quoted csv",
    "com.bizo.hive.serde.csv.CSVSerde": "quoted csv",
    "org.openx.data.jsonserde.JsonSerDe": "json",
    "org.apache.hive.hcatalog.data.JsonSerDe": "json",
    "org.apache.hadoop.hive.serde2.JsonSerDe": "json",
    "com.amazon.ion.IonHiveSerDe": "Ion",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe": "parquet",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde": "orc",
    "org.apache.hadoop.hive.serde2.avro.AvroSerDe": "avro",
    "org.apache.hadoop.hive.serde2.RegexSerDe": "regex",
    "com.amazonaws.glue.serde.GrokSerDe": "grok",
}
DEFAULT = "default"  # the database that Athena makes where there is none
MANY = 20  # partitions beyond which one listing of the whole table is cheaper than one for each


class Lake:
    """Answers the engine's questions as the caller of the query, through public operations only."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.glue: Any = service.other("glue")
        self.s3: Any = service.other("s3")
        self.known: dict[tuple[str, str], dict[str, Any] | None] = {}

    def databases(self) -> list[str]:
        return [each["Name"] for each in self._pages(self.glue.get_databases, "DatabaseList")]

    def has_database(self, name: str) -> bool:
        """Whether there is one of that name; `default` is made when it is first wanted, as Athena does it.

        https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        """
        try:
            self.glue.get_database(Name=name)
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            if name != DEFAULT:
                return False
            self.glue.create_database(DatabaseInput={"Name": name})
        return True

    def tables(self, database: str) -> list[Table]:
        return [
            self._described(each)
            for each in self._pages(self.glue.get_tables, "TableList", DatabaseName=database)
        ]

    def table(self, database: str, name: str) -> Table | None:
        found = self.glue_table(database, name)
        return self._described(found) if found else None

    def glue_table(self, database: str, name: str) -> dict[str, Any] | None:
        """Glue's own record of a table, or None."""
        if (database, name) not in self.known:
            try:
                self.known[database, name] = self.glue.get_table(DatabaseName=database, Name=name)["Table"]
            except AwsError as error:
                if error.code != "EntityNotFoundException":
                    raise
                self.known[database, name] = None
        return self.known[database, name]

    def files(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[File]:
        table = self.glue_table(database, name)
        assert table is not None
        if is_delta(table):
            return delta_tables.files(self, table)
        if not table.get("PartitionKeys"):
            return self._listed(table["StorageDescriptor"].get("Location", ""), [])
        if projection.enabled(table):
            found = projection.partitions(table, predicate, self.service.house.clock())
            return self._in_places(found)
        partitions = self._registered(table, predicate)
        return self._in_places(
            [(each["StorageDescriptor"]["Location"], each["Values"]) for each in partitions]
        )

    def partitions(self, database: str, name: str, predicate: list[dict[str, Any]]) -> list[list[str]]:
        """Those of the catalog, as on AWS; what a projection would make is not told."""
        table = self.glue_table(database, name)
        assert table is not None
        return [each["Values"] for each in self._registered(table, predicate)]

    def several(self, questions: list[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        return [getattr(self, what)(*arguments) for what, arguments in questions]

    def open(self, location: str) -> str | None:
        bucket, key = bucket_and_key(location)
        found = self.s3.files(Bucket=bucket, Prefix=key)
        return next((str(each.path) for each in found if each.key == key), None)

    def keep(self, location: str, path: str) -> None:
        """The bytes are on disk when this returns; the commit that follows makes them an object for good."""
        bucket, key = bucket_and_key(location)
        with self.service.store.deferring():
            self.s3.put_object(Bucket=bucket, Key=key, Body=Path(path))

    def discard(self, locations: list[str]) -> None:
        for location in locations:
            bucket, key = bucket_and_key(location)
            self.s3.delete_object(Bucket=bucket, Key=key)

    def under(self, location: str) -> list[tuple[str, float]]:
        """Hidden objects too."""
        bucket, prefix = folder(location)
        found = self.s3.files(Bucket=bucket, Prefix=prefix)
        return [(f"s3://{bucket}/{each.key}", each.modified) for each in found]

    def metadata_location(self, database: str, name: str) -> str | None:
        self.known.pop((database, name), None)
        table = self.glue_table(database, name)
        found = (table or {}).get("Parameters") or {}
        return found.get("metadata_location")

    def commit(self, database: str, name: str, before: str, after: str, shown: dict[str, Any]) -> None:
        """Exchange the metadata file of an Iceberg table's record, if nobody else has done so meanwhile."""
        record.commit(self.glue, database, name, before, after, shown)
        self.known.pop((database, name), None)

    def _pages(self, operation: Any, member: str, **arguments: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        token: str | None = None
        while True:
            answer = operation(**arguments, NextToken=token)
            found += answer[member]
            token = answer.get("NextToken")
            if not token:
                return found

    def _described(self, table: dict[str, Any]) -> Table:
        database, name = table["DatabaseName"], table["Name"]
        storage = table.get("StorageDescriptor") or {}
        columns = [
            Column(each["Name"], each.get("Type") or "string") for each in storage.get("Columns") or []
        ]
        keys = [
            Column(each["Name"], each.get("Type") or "string") for each in table.get("PartitionKeys") or []
        ]
        if table.get("TableType") == "VIRTUAL_VIEW":
            return presto_view(table, database, name)
        serde = storage.get("SerdeInfo") or {}
        library = serde.get("SerializationLibrary") or ""
        parameters = {
            **(table.get("Parameters") or {}),
            **(storage.get("Parameters") or {}),
            **(serde.get("Parameters") or {}),
        }
        if is_delta(table):
            return delta_tables.described(self, table)
        if parameters.get("table_type", "").upper() == "ICEBERG":
            return Table(database, name, columns, keys, "iceberg", parameters)
        return Table(
            database,
            name,
            columns,
            keys,
            SERDES.get(library, library or "unknown"),
            parameters,
            **bucketing(storage),
        )

    def _listed(self, location: str, values: list[str]) -> list[File]:
        bucket, prefix = folder(location)
        try:
            found = self.s3.files(Bucket=bucket, Prefix=prefix)
        except AwsError as error:
            raise SqlError("HIVE_METASTORE_ERROR", f"Cannot list {location}: {error.message}") from None
        return [
            File(str(each.path), f"s3://{bucket}/{each.key}", each.size, values)
            for each in found
            if visible(each.key[len(prefix) :])
        ]

    def _registered(self, table: dict[str, Any], predicate: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The catalog's partitions that can hold wanted rows."""
        types = {each["Name"].lower(): each.get("Type") or "string" for each in table["PartitionKeys"]}
        expression = " AND ".join(text for each in predicate if (text := condition(each, types)))
        arguments = {
            "DatabaseName": table["DatabaseName"],
            "TableName": table["Name"],
            "ExcludeColumnSchema": True,
        }
        return self._pages(self.glue.get_partitions, "Partitions", Expression=expression or None, **arguments)

    def _in_places(self, partitions: list[tuple[str, list[str]]]) -> list[File]:
        """The files of partitions, each told with its values."""
        if len(partitions) <= MANY:
            return [file for place, values in partitions for file in self._listed(place, values)]
        places = {"s3://{}/{}".format(*folder(place)): values for place, values in partitions}
        found: list[File] = []
        for root in roots(places):
            found += self._from_one_listing(root, places)
        return found

    def _from_one_listing(self, root: str, places: dict[str, list[str]]) -> list[File]:
        """Files by folder: everything under `root` is listed once."""
        found: list[File] = []
        for file in self._listed(root, []):
            place = file.name.rpartition("/")[0] + "/"
            while place not in places and len(place) > len(root):
                place = place.rstrip("/").rpartition("/")[0] + "/"
            if place in places:
                found.append(replace(file, values=places[place]))
        return found


def roots(places: dict[str, list[str]]) -> list[str]:
    """The folders under which all places lie: one for each bucket."""
    by_bucket: dict[str, list[str]] = {}
    for place in places:
        by_bucket.setdefault(place.split("/")[2], []).append(place)
    common = os.path.commonprefix  # by characters, which is what is wanted: the cut is at a slash
    return [common(each).rpartition("/")[0] + "/" for each in by_bucket.values()]


def bucketing(storage: dict[str, Any]) -> dict[str, Any]:
    """The columns whose hash tells a row's file, and how many files there are."""
    columns, count = storage.get("BucketColumns") or [], storage.get("NumberOfBuckets") or 0
    return {"buckets": [each.lower() for each in columns], "bucket_count": count} if count > 0 else {}


def visible(key: str) -> bool:
    """Hive leaves out what starts with _ or a dot, at any depth, and the markers of folders."""
    return bool(key) and not key.endswith("/") and not any(part[:1] in ("_", ".") for part in key.split("/"))


def presto_view(table: dict[str, Any], database: str, name: str) -> Table:
    """A view as Athena keeps it: the query and its columns in base64 inside a comment."""
    found = VIEW.search(table.get("ViewOriginalText") or "")
    if found is None:
        raise NotSupported(f"The view {database}.{name}, which is not one of Athena's (Presto View)")
    body = json.loads(base64.b64decode(found[1]))
    columns = [Column(each["name"], each["type"]) for each in body["columns"]]
    return Table(body.get("schema") or database, name, columns, [], view=body["originalSql"])


def condition(given: dict[str, Any], types: dict[str, str]) -> str:
    """A condition in Glue's grammar; "" where its type is better left to the engine."""
    kind = types[given["column"]].lower()
    quoted = kind in ("string", "date") or kind.startswith(("varchar", "char"))
    if not quoted and kind not in ("tinyint", "smallint", "int", "integer", "bigint", "long"):
        return ""
    if kind == "date" and given["operator"] not in ("=", "in"):
        return ""
    texts = [str(each) for each in given["values"]]
    if kind == "date" and not all(re.fullmatch(r"\d{4}-\d\d-\d\d", each) for each in texts):
        return ""  # a moment: Glue would compare the texts
    if not quoted and not all(re.fullmatch(r"-?\d+", each) for each in texts):
        return ""
    values = ["'" + each.replace("'", "''") + "'" if quoted else each for each in texts]
    if given["operator"] == "in":
        return f"{given['column']} IN ({', '.join(values)})"
    return f"{given['column']} {given['operator']} {values[0]}"
