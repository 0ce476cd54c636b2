"""Hive's DDL as Athena takes it, done through Glue's public operations.

`parse` reads a statement into something to do; doing it gives the lines of its answer.
https://docs.aws.amazon.com/athena/latest/ug/ddl-reference.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cumulet.services.athena.ddl import altering, creating, databases, describing, dropping, showing
from cumulet.services.athena.ddl.reading import Act, Reader
from cumulet.services.athena.refusals import invalid

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run

PARSERS = {
    "CREATE_DATABASE": databases.create,
    "DROP_DATABASE": databases.drop,
    "ALTER_DATABASE": databases.alter,
    "SHOW_DATABASES": databases.show,
    "CREATE_TABLE": creating.create_table,
    "DROP_TABLE": dropping.drop_table,
    "DROP_VIEW": dropping.drop_view,
    "ALTER_TABLE": altering.alter_table,
    "MSCK_REPAIR_TABLE": altering.repair,
    "SHOW_TABLES": showing.tables,
    "SHOW_VIEWS": showing.views,
    "SHOW_COLUMNS": showing.columns,
    "SHOW_PARTITIONS": showing.partitions,
    "SHOW_TBLPROPERTIES": showing.properties,
    "SHOW_CREATE_TABLE": showing.create_table,
    "SHOW_CREATE_VIEW": showing.create_view,
    "DESCRIBE_TABLE": describing.describe,
}

# What GetQueryResults calls the columns of an answer.
COLUMNS = {
    "SHOW_DATABASES": [("database_name", "string")],
    "SHOW_TABLES": [("tab_name", "string")],
    "SHOW_VIEWS": [("views", "string")],
    "SHOW_COLUMNS": [("field", "string")],
    "SHOW_PARTITIONS": [("partition", "string")],
    "SHOW_TBLPROPERTIES": [("prpt_name", "string"), ("prpt_value", "string")],
    "SHOW_CREATE_TABLE": [("createtab_stmt", "string")],
    "SHOW_CREATE_VIEW": [("create view", "string")],
    "DESCRIBE_TABLE": [("col_name", "string"), ("data_type", "string"), ("comment", "string")],
    "MSCK_REPAIR_TABLE": [],
}


def parse(kind: str, text: str) -> Act:
    """What a statement of this kind does; refused where it does not parse or nobody has written it."""
    if kind not in PARSERS:
        raise invalid(f"Queries of this type are not supported: {kind.replace('_', ' ')}")
    return PARSERS[kind](Reader(text))


def run(run: Run) -> list[str]:
    return parse(run.statement.kind, run.body["Query"])(run)
