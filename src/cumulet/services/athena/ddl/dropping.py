"""DROP TABLE and DROP VIEW: the definition goes, the data in S3 stays (an Iceberg table's goes too)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cumulet.services.athena.ddl.reading import Act, Reader, no_table
from cumulet.services.athena.iceberg.changes import purge
from cumulet.services.athena.iceberg.record import is_iceberg

if TYPE_CHECKING:
    from cumulet.services.athena.running import Run


def drop_table(reader: Reader) -> Act:
    reader.expect("DROP", "TABLE")
    return dropped(reader)


def drop_view(reader: Reader) -> Act:
    reader.expect("DROP", "VIEW")
    return dropped(reader)


def dropped(reader: Reader) -> Act:
    quiet = reader.take("IF", "EXISTS")
    place = reader.table()
    reader.take("PURGE")
    reader.end()

    def act(run: Run) -> list[str]:
        database, name = place[0] or run.database, place[1]
        table = run.lake.glue_table(database, name)
        if table is None:
            if quiet:
                return []
            raise no_table(database, name)
        run.lake.glue.delete_table(DatabaseName=database, Name=name)
        if is_iceberg(table):
            purge(run, table)
        return []

    return act
