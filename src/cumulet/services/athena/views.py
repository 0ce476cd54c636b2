"""Views: a query kept in Glue in the form that Athena gives it, so that AWS could read it too."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from cumulet.engines.sql.base import Output, SqlError, check_names
from cumulet.services.athena.writing import qualified

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def create(run: Run) -> None:
    """The query is analysed, not run: its columns and their types belong to the view."""
    database, name = qualified(run, run.statement.target)
    old = run.lake.glue_table(database, name)
    if old is not None and (old.get("TableType") != "VIRTUAL_VIEW" or not run.statement.flag):
        raise SqlError(
            "TABLE_ALREADY_EXISTS",
            f"line 1:1: {'View' if old.get('TableType') == 'VIRTUAL_VIEW' else 'Table'} "
            f"'awsdatacatalog.{database}.{name}' already exists",
        )
    outcome = run.ask(run.statement.query, Output(run.folder, "nothing"))
    columns = [[each.name, each.type, each.hive] for each in outcome.columns]
    if given := run.statement.columns:
        if len(given) != len(columns):
            raise SqlError(
                "SYNTAX_ERROR",
                f"line 1:1: Column alias list has {len(given)} entries but query has {len(columns)} columns",
            )
        columns = [[label, kind, hive] for label, (_, kind, hive) in zip(given, columns, strict=True)]
    check_names([label.lower() for label, _, _ in columns])
    table = described(run, name, database, columns)
    run.begin_to_write()
    if old is None:
        run.lake.glue.create_table(DatabaseName=database, TableInput=table)
    else:
        run.lake.glue.update_table(DatabaseName=database, TableInput=table)
    run.say([])


def described(run: Run, name: str, database: str, columns: list[list[str]]) -> dict[str, Any]:
    body = {
        "originalSql": run.statement.query.lstrip().rstrip(";"),
        "catalog": "awsdatacatalog",
        "schema": run.database,
        "columns": [{"name": label.lower(), "type": kind} for label, kind, _ in columns],
    }
    packed = base64.b64encode(json.dumps(body).encode()).decode()
    return {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {packed} */",
        "ViewExpandedText": "/* Presto View */",
        "PartitionKeys": [],
        "StorageDescriptor": {
            "Columns": [{"Name": label.lower(), "Type": hive} for label, _, hive in columns],
            "Location": "",
            "SerdeInfo": {},
        },
    }
