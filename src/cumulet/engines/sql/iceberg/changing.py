"""INSERT, UPDATE, DELETE and MERGE: new data files, and a snapshot that has them.

Rows that change are written anew with the rest of their files (copy on write), so every reader of Iceberg
sees the result and none has deletes to apply.
"""

from __future__ import annotations

import uuid
from typing import Any

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.iceberg.catalog import CONFLICT
from cumulet.engines.sql.iceberg.work import Work
from cumulet.engines.sql.iceberg.writing import Writer
from cumulet.engines.sql.trino.changes import Changes, Reader
from cumulet.engines.sql.trino.translation import fitted

ATTEMPTS = 8  # each of pyiceberg's own retries apart


def insert(work: Work) -> int:
    """The rows of a query, as a snapshot more."""
    table, columns = work.table()
    made = fitted(work.translated(), columns, work.change.arguments.get("given", []))
    files = Writer(work.connection, table, work.io).write(made.sql)
    append(work, table, files)
    return sum(file.record_count for file in files)


def append(work: Work, table: Table, files: list[DataFile]) -> None:
    """Appends do not conflict: one that has lost a race is tried again on the table as it then is."""
    lost: CommitFailedException | None = None
    for _ in range(ATTEMPTS if files else 0):
        try:
            with table.transaction() as transaction, transaction.update_snapshot().merge_append() as snapshot:
                for file in files:
                    snapshot.append_data_file(file)
            return
        except CommitFailedException as error:
            lost = error
            table = work.lakes.snapshots.catalog.load_table((work.change.database, work.change.name))
    if lost:
        raise conflict(work, lost) from None


def change(work: Work) -> int:
    """UPDATE, DELETE, MERGE."""
    table, columns = work.table()
    changes = Reader(work.plan(), columns).read(work.text)
    hit = f"hit_{uuid.uuid4().hex}"
    count = collect(work, changes, hit, columns)
    try:
        found = work.connection.execute(f"SELECT DISTINCT path FROM {hit}").fetchall()
        rows = becoming(work, changes, hit, columns, [path for (path,) in found])
        added = sum(work.count(each) for each in changes.additions)
        replace(work, table, {path for (path,) in found}, rows)
    finally:
        work.connection.execute(f"DROP TABLE {hit}")
    return count + added


def collect(work: Work, changes: Changes, hit: str, columns: list[Any]) -> int:
    """The rows that are hit, kept aside: their places, and what they become."""
    kinds = ", ".join(f"c{n} {kind.duck}" for n, (_, kind) in enumerate(columns))
    work.connection.execute(f"CREATE TEMP TABLE {hit} (path VARCHAR, place BIGINT, stays BOOLEAN, {kinds})")
    for query, stays in changes.hits:
        values = (
            ", ".join(f"q.c{n + 2}" for n in range(len(columns)))
            if stays
            else ", ".join(["NULL"] * len(columns))
        )
        work.connection.execute(f"INSERT INTO {hit} SELECT q.c0, q.c1, {stays}, {values} FROM ({query}) AS q")
    if changes.once and work.holds(f"SELECT 1 FROM {hit} GROUP BY path, place HAVING count(*) > 1"):
        text = "One MERGE target table row matched more than one source row"
        raise SqlError("MERGE_TARGET_ROW_MULTIPLE_MATCHES", text)
    return work.count(f"SELECT 1 FROM {hit}")


def becoming(work: Work, changes: Changes, hit: str, columns: list[Any], paths: list[str]) -> str:
    """The rows that take the place of the files that were hit, and the new ones."""
    names = ", ".join(f"q.c{n}" for n in range(len(columns)))
    parts = [f"SELECT {names} FROM ({each}) AS q" for each in changes.additions]
    if paths:
        last = len(columns)
        rest = work.rows_of(paths)
        parts.append(
            f"SELECT {names} FROM ({rest}) AS q ANTI JOIN {hit} AS h "
            f"ON h.path = q.c{last} AND h.place = q.c{last + 1}"
        )
        parts.append(f"SELECT {names} FROM {hit} AS q WHERE q.stays")
    return " UNION ALL ".join(parts)


def replace(work: Work, table: Table, paths: set[str], rows: str) -> None:
    """One snapshot: the files that were hit go, those that take their place come."""
    if not rows:
        return
    gone = [task.file for task in table.scan().plan_files() if task.file.file_path in paths]
    files = Writer(work.connection, table, work.io).write(rows)
    if not (gone or files):
        return
    try:
        with table.transaction() as transaction, transaction.update_snapshot().overwrite() as snapshot:
            for file in gone:
                snapshot.delete_data_file(file)
            for file in files:
                snapshot.append_data_file(file)
    except (CommitFailedException, ValidationException) as error:
        raise conflict(work, error) from None


def conflict(work: Work, error: Exception) -> SqlError:
    text = f"Failed to commit Iceberg update to table: {work.change.database}.{work.change.name}"
    return SqlError(CONFLICT, f"{text}: {error}" if isinstance(error, ValidationException) else text)
