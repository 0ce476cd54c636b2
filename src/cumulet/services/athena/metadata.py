"""Databases and tables as Athena's own calls show them: Glue's, with fewer words."""

from __future__ import annotations

import re
from typing import Any

from cumulet.services import Service
from cumulet.services.athena.lake import DEFAULT, Lake
from cumulet.services.athena.refusals import invalid, no_metadata
from cumulet.wire.errors import AwsError


class Metadata(Service):
    """WorkGroup and AttributesToGet change no answer: the one is for Identity Center, the other for access rules."""

    def get_database(self, *, CatalogName: str, DatabaseName: str, WorkGroup: str = "") -> dict[str, Any]:
        try:
            found = self._glue(CatalogName).get_database(Name=DatabaseName)["Database"]
        except AwsError as error:
            raise no_metadata(error) from None
        return {"Database": shown_database(found)}

    def list_databases(
        self, *, CatalogName: str, NextToken: str | None = None, MaxResults: int = 50, WorkGroup: str = ""
    ) -> dict[str, Any]:
        glue = self._glue(CatalogName)
        Lake(self).has_database(DEFAULT)
        answer = glue.get_databases(NextToken=NextToken, MaxResults=MaxResults)
        return {
            "DatabaseList": [shown_database(each) for each in answer["DatabaseList"]],
            "NextToken": answer.get("NextToken"),
        }

    def get_table_metadata(
        self, *, CatalogName: str, DatabaseName: str, TableName: str, WorkGroup: str = ""
    ) -> dict[str, Any]:
        try:
            found = self._glue(CatalogName).get_table(DatabaseName=DatabaseName, Name=TableName)["Table"]
        except AwsError as error:
            raise no_metadata(error) from None
        return {"TableMetadata": shown_table(found)}

    def list_table_metadata(
        self,
        *,
        CatalogName: str,
        DatabaseName: str,
        Expression: str | None = None,
        NextToken: str | None = None,
        MaxResults: int = 50,
        WorkGroup: str = "",
    ) -> dict[str, Any]:
        try:
            re.compile(Expression or "")
        except re.error:
            raise invalid(f"Invalid expression: {Expression}") from None
        try:
            answer = self._glue(CatalogName).get_tables(
                DatabaseName=DatabaseName,
                Expression=Expression,
                NextToken=NextToken,
                MaxResults=min(MaxResults, 100),
            )
        except AwsError as error:
            raise no_metadata(error) from None
        return {
            "TableMetadataList": [shown_table(each) for each in answer["TableList"]],
            "NextToken": answer.get("NextToken"),
        }

    def _glue(self, catalog: str) -> Any:
        look: Any = self
        found = look.data_catalog(catalog)
        if found["Type"] != "GLUE":
            raise invalid(
                f"DataCatalog {catalog} is of type {found['Type']}, which needs a connector; Cumulet has none"
            )
        return self.other("glue")


def shown_database(body: dict[str, Any]) -> dict[str, Any]:
    return {key: body[key] for key in ("Name", "Description", "Parameters") if body.get(key)}


def shown_table(body: dict[str, Any]) -> dict[str, Any]:
    """The storage descriptor's facts appear among the parameters, as on AWS."""
    storage = body.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    parameters = {
        **(body.get("Parameters") or {}),
        "inputformat": storage.get("InputFormat", ""),
        "location": storage.get("Location", ""),
        "outputformat": storage.get("OutputFormat", ""),
        **{f"serde.param.{key}": value for key, value in (serde.get("Parameters") or {}).items()},
        "serde.serialization.lib": serde.get("SerializationLibrary", ""),
    }
    return {
        "Name": body["Name"],
        "CreateTime": body.get("CreateTime"),
        "LastAccessTime": body.get("LastAccessTime"),
        "TableType": body.get("TableType", ""),
        "Columns": [shown_column(each) for each in storage.get("Columns") or []],
        "PartitionKeys": [shown_column(each) for each in body.get("PartitionKeys") or []],
        "Parameters": {key: value for key, value in parameters.items() if value},
    }


def shown_column(column: dict[str, Any]) -> dict[str, Any]:
    return {key: column[key] for key in ("Name", "Type", "Comment") if column.get(key) is not None}
