"""Tables that CreateTable makes in their own format: Iceberg's first metadata file, then Glue's record of it.

https://docs.aws.amazon.com/glue/latest/webapi/API_IcebergInput.html
"""

from __future__ import annotations

import uuid
from typing import Any

from cumulet.services.glue.catalog import Catalog, folded
from cumulet.services.glue.refusals import invalid, taken
from cumulet.wire.errors import AwsError

VERSIONS = ("1", "2")
Members = dict[str, Any]


class TableFormats(Catalog):
    def _create_iceberg(self, database: str, name: str, given: Members, said: Members) -> None:
        """`given` is CreateTable's TableInput, `said` its IcebergInput. The engine makes the table's record."""
        self._check_new(database, name)
        arguments = self._arguments(given, said)
        arguments["properties"]["format-version"] = version(said)
        try:
            self.other("athena").tend(
                Database=self._home(database),
                Table=folded(name),
                Operation="create",
                Arguments=arguments,
                Key=str(uuid.uuid4()),
            )
        except AwsError as error:
            if error.code != "InvalidRequestException":
                raise
            raise invalid(f"Iceberg table {name}: {error.message}") from None
        self._complete(database, name, given)

    def _check_new(self, database: str, name: str) -> None:
        self._database(database)
        try:
            self._own_table(database, name)
        except AwsError as error:
            if error.code != "EntityNotFoundException":
                raise
            return
        raise taken("Table", name)

    def _arguments(self, given: Members, said: Members) -> Members:
        if own := said.get("CreateIcebergTableInput"):
            shape = {"schema": schema(own["Schema"])}
            if spec := own.get("PartitionSpec"):
                shape["spec"] = {"spec-id": spec.get("SpecId", 0), "fields": numbered(spec["Fields"])}
            if order := own.get("WriteOrder"):
                shape["order"] = {
                    "order-id": order["OrderId"],
                    "fields": [dashed(f) for f in order["Fields"]],
                }
            return {
                "spelt": shape,
                "location": location(own),
                "properties": dict(own.get("Properties") or {}),
            }
        storage = given.get("StorageDescriptor") or {}
        columns = [
            [one["Name"], one.get("Type", "string"), one.get("Comment", "")]
            for one in storage.get("Columns", [])
        ]
        if not columns:
            raise invalid("An Iceberg table needs columns.")
        if given.get("PartitionKeys"):
            raise invalid("An Iceberg table has no PartitionKeys: give a PartitionSpec.")
        return {"columns": columns, "partitions": [], "location": location(storage), "properties": {}}

    def _complete(self, database: str, name: str, given: Members) -> None:
        """What TableInput says besides is kept beside what the engine has told."""
        glue: Any = self
        made = glue.get_table(DatabaseName=database, Name=name)["Table"]
        kept = {
            member: given[member]
            for member in ("Description", "Owner", "Retention", "LastAccessTime")
            if given.get(member) is not None
        }
        parameters = {**(given.get("Parameters") or {}), **made["Parameters"]}
        changed = {
            "Name": made["Name"],
            "TableType": made["TableType"],
            "StorageDescriptor": made["StorageDescriptor"],
            "Parameters": parameters,
            **kept,
        }
        if kept or parameters != made["Parameters"]:
            glue.update_table(DatabaseName=database, TableInput=changed, SkipArchive=True)


def version(said: Members) -> str:
    found = str(said.get("Version", "2"))
    if found not in VERSIONS:
        raise invalid(f"Version {found} of Iceberg's format is not one of {', '.join(VERSIONS)}.")
    return found


def location(said: Members) -> str:
    found = str(said.get("Location") or "")
    if not found.startswith(("s3://", "s3a://")):
        raise invalid("An Iceberg table needs a Location: s3://bucket/folder/.")
    return found


def schema(said: Members) -> Members:
    """An Iceberg schema as its own JSON has it."""
    fields = [
        {
            "id": one["Id"],
            "name": one["Name"],
            "type": one["Type"],
            "required": one["Required"],
            **({"doc": one["Doc"]} if one.get("Doc") else {}),
        }
        for one in said["Fields"]
    ]
    return {
        "type": "struct",
        "schema-id": said.get("SchemaId", 0),
        "fields": fields,
        "identifier-field-ids": said.get("IdentifierFieldIds", []),
    }


def numbered(fields: list[Members]) -> list[Members]:
    return [{"field-id": 1000 + number, **dashed(field)} for number, field in enumerate(fields)]


def dashed(field: Members) -> Members:
    """`SourceId` is `source-id`."""
    words = {"SourceId": "source-id", "FieldId": "field-id", "NullOrder": "null-order"}
    return {words.get(name, name.lower()): value for name, value in field.items()}
