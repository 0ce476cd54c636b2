"""OPTIMIZE and VACUUM: fewer, larger files; and no files that nothing needs any more.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import FileScanTask, Table

from cumulet.engines.sql.base import SqlError
from cumulet.engines.sql.iceberg import changing
from cumulet.engines.sql.iceberg.work import Work
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino.translation import translated
from cumulet.engines.sql.trino.typed import name

TARGET = 512 << 20  # bytes of a file that OPTIMIZE aims at
FILES, DELETES = 5, 2  # small files, or deletes on one, that make rewriting worth while
AGE, LEAST = 432_000, 1  # seconds that snapshots are kept, and how many at least
DAY = 86_400  # seconds that VACUUM leaves a file alone which no snapshot has: somebody may be about to commit it
HINT = "metadata/version-hint.text"  # of tables that once were in no catalog
PARTS = ("data", "metadata")
KINDS = ("data", "manifests", "lists")


def optimize(work: Work) -> int:
    """REWRITE DATA USING BIN_PACK [WHERE ...]: partition by partition, where it is worth while.

    The arguments `least` and `deletes` go before the table's own properties.
    """
    table, columns = work.table()
    rows = 0
    work.counts = {"files": 0, "bytes": 0}
    for tasks in groups(work, table):
        paths = [task.file.file_path for task in tasks]
        names = ", ".join(f"q.c{n}" for n in range(len(columns)))
        found = f"SELECT {names} FROM ({work.rows_of(paths)}) AS q"
        changing.replace(work, table, set(paths), found)
        table.refresh()
        work.lakes.known.clear()
        rows += sum(task.file.record_count for task in tasks)
        work.counts["files"] += len(tasks)
        work.counts["bytes"] += sum(task.file.file_size_in_bytes for task in tasks)
    return rows


def groups(work: Work, table: Table) -> Iterator[list[FileScanTask]]:
    """The files of each partition that shall be written anew together."""
    target = number(
        table, "optimize_rewrite_data_file_size_bytes", number(table, "write.target-file-size-bytes", TARGET)
    )
    small = number(table, "optimize_rewrite_min_data_file_size_bytes", target * 3 // 4)
    large = number(table, "optimize_rewrite_max_data_file_size_bytes", target * 9 // 5)
    given = work.change.arguments
    least = given.get("least") or number(table, "optimize_rewrite_data_file_threshold", FILES)
    deletes = given.get("deletes") or number(table, "optimize_rewrite_delete_file_threshold", DELETES)
    found: dict[tuple[Any, ...], list[FileScanTask]] = {}
    for task in wanted(work, table):
        spec = task.file.spec_id
        values = tuple(task.file.partition[n] for n in range(len(table.specs()[spec].fields)))
        found.setdefault((spec, *values), []).append(task)
    for tasks in found.values():
        badly_sized = [t for t in tasks if not small <= t.file.file_size_in_bytes <= large]
        outdated = [
            t
            for t in tasks
            if len(t.delete_files) >= deletes or t.file.spec_id != table.metadata.default_spec_id
        ]
        chosen = badly_sized if len(badly_sized) >= least else outdated
        if chosen:
            yield chosen


def wanted(work: Work, table: Table) -> list[FileScanTask]:
    """The files that WHERE leaves: it may only speak of partition columns, so it holds for whole files."""
    tasks = list(table.scan().plan_files())
    if not (where := work.change.arguments.get("where")):
        return tasks
    database, called = name(work.change.database), name(work.change.name)
    work.text = f'SELECT DISTINCT "$path" FROM {database}.{called} WHERE {where}'
    made = translated(work.plan(), grammar.query(work.text))
    paths = {path for (path,) in work.connection.execute(made.sql).fetchall()}
    return [task for task in tasks if task.file.file_path in paths]


def number(table: Table, key: str, otherwise: int) -> int:
    return int(table.properties.get(key, otherwise))


def vacuum(work: Work) -> int:
    """Let old snapshots go with the files that only they had, and files that no snapshot ever had: of those the
    ones in the folders that are a table's own, since its place may be other tables' too."""
    table, _ = work.table()
    if "/" not in place(table.metadata.location):
        missing = f"Path missing in file system location: {table.metadata.location}"
        raise SqlError("GENERIC_INTERNAL_ERROR", missing)
    age = number(table, "vacuum_max_snapshot_age_seconds", AGE)
    let_go(work, table, age, number(table, "vacuum_min_snapshots_to_keep", LEAST), clean=True)
    table.refresh()
    for part in PARTS:
        delete_orphans(work, table, max(age, DAY), f"{table.metadata.location}/{part}/")
    return 0


def expire(work: Work) -> int:
    """Let old snapshots go. The arguments: `age` in seconds, `keep` so many, and whether to `clean` up after them."""
    table, _ = work.table()
    given = work.change.arguments
    let_go(work, table, given["age"], given["keep"], clean=given["clean"])
    return 0


def orphans(work: Work) -> int:
    """Delete files that no snapshot has. The arguments: their `age` in seconds, and the `location` to look in."""
    table, _ = work.table()
    delete_orphans(work, table, work.change.arguments["age"], work.change.arguments["location"])
    return 0


def let_go(work: Work, table: Table, age: int, least: int, *, clean: bool) -> None:
    old = too_old(table, datetime.fromtimestamp(work.change.now, UTC) - timedelta(seconds=age), max(1, least))
    before = reachable(table) if clean else {}
    if old:
        try:
            table.maintenance.expire_snapshots().by_ids(old).commit()
        except CommitFailedException as error:
            raise changing.conflict(work, error) from None
        table.refresh()
    gone = before.keys() - reachable(table) if clean else set()
    work.io.lake.discard(sorted(gone))
    work.counts = {"snapshots": len(old), **dict.fromkeys(KINDS, 0)}
    for each in gone:
        work.counts[before[each]] += 1


def too_old(table: Table, limit: datetime, least: int) -> list[int]:
    """The snapshots that are older than a moment, but for the newest ones and those that have a name."""
    newest_first = sorted(table.metadata.snapshots, key=lambda each: each.timestamp_ms, reverse=True)
    held = {each.snapshot_id for each in table.metadata.refs.values()}
    return [
        each.snapshot_id
        for each in newest_first[least:]
        if each.timestamp_ms < limit.timestamp() * 1000 and each.snapshot_id not in held
    ]


def reachable(table: Table) -> dict[str, str]:
    """Every file that some snapshot needs, and what it is: data (deletes too), a manifest, a list of those."""
    found: dict[str, str] = {}
    for snapshot in table.metadata.snapshots:
        found[snapshot.manifest_list] = "lists"
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found[manifest.manifest_path] = "manifests"
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                found.update((entry.data_file.file_path, "data") for entry in entries)
    return found


def delete_orphans(work: Work, table: Table, age: float, location: str) -> None:
    """Files that nothing refers to go once they are old: young ones may be those of a write under way."""
    limit = work.change.now - age
    old = {place(each): each for each, modified in work.io.lake.under(location) if modified < limit}
    needed = named_by_metadata(table) | reachable(table).keys() if old else set()
    gone = old.keys() - set(map(place, needed)) - {place(f"{table.metadata.location}/{HINT}")}
    work.io.lake.discard(sorted(old[each] for each in gone))
    work.counts["orphans"] = work.counts.get("orphans", 0) + len(gone)


def place(location: str) -> str:
    """A file's name however its scheme is spelt: s3, s3a."""
    return location.partition("://")[2]


def named_by_metadata(table: Table) -> set[str]:
    """The metadata files that count, and the statistics that they name."""
    metadata = table.metadata
    statistics = [*metadata.statistics, *metadata.partition_statistics]
    return {
        table.metadata_location,
        *(each.metadata_file for each in metadata.metadata_log),
        *(each.statistics_path for each in statistics),
    }
