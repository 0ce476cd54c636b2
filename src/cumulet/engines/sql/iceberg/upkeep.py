"""OPTIMIZE and VACUUM: fewer, larger files; and no files that nothing needs any more.

https://docs.aws.amazon.com/athena/latest/ug/querying-iceberg-data-optimization.html
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.table import FileScanTask, Table

from cumulet.engines.sql.iceberg import changing
from cumulet.engines.sql.iceberg.work import Work
from cumulet.engines.sql.trino import grammar
from cumulet.engines.sql.trino.translation import translated
from cumulet.engines.sql.trino.typed import name

TARGET = 512 << 20  # bytes of a file that OPTIMIZE aims at
FILES, DELETES = 5, 2  # small files, or deletes on one, that make rewriting worth while
AGE, LEAST = 432_000, 1  # seconds that snapshots are kept, and how many at least


def optimize(work: Work) -> int:
    """REWRITE DATA USING BIN_PACK [WHERE ...]: partition by partition, where it is worth while."""
    table, columns = work.table()
    rows = 0
    for tasks in groups(work, table):
        paths = [task.file.file_path for task in tasks]
        names = ", ".join(f"q.c{n}" for n in range(len(columns)))
        found = f"SELECT {names} FROM ({work.rows_of(paths)}) AS q"
        changing.replace(work, table, set(paths), found)
        table.refresh()
        work.lakes.known.clear()
        rows += sum(task.file.record_count for task in tasks)
    return rows


def groups(work: Work, table: Table) -> Iterator[list[FileScanTask]]:
    """The files of each partition that shall be written anew together."""
    target = number(
        table, "optimize_rewrite_data_file_size_bytes", number(table, "write.target-file-size-bytes", TARGET)
    )
    small = number(table, "optimize_rewrite_min_data_file_size_bytes", target * 3 // 4)
    large = number(table, "optimize_rewrite_max_data_file_size_bytes", target * 9 // 5)
    least = number(table, "optimize_rewrite_data_file_threshold", FILES)
    deletes = number(table, "optimize_rewrite_delete_file_threshold", DELETES)
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
    """Let old snapshots go, and delete the files that only they had."""
    table, _ = work.table()
    before = reachable(table)
    expire(work, table)
    table.refresh()
    work.io.lake.discard(sorted(before - reachable(table)))
    return 0


def expire(work: Work, table: Table) -> None:
    seconds = number(table, "vacuum_max_snapshot_age_seconds", AGE)
    least = max(1, number(table, "vacuum_min_snapshots_to_keep", LEAST))
    limit = datetime.fromtimestamp(work.change.now, UTC) - timedelta(seconds=seconds)
    newest_first = sorted(table.metadata.snapshots, key=lambda each: each.timestamp_ms, reverse=True)
    held = {each.snapshot_id for each in table.metadata.refs.values()}
    old = [
        each.snapshot_id
        for each in newest_first[least:]
        if each.timestamp_ms < limit.timestamp() * 1000 and each.snapshot_id not in held
    ]
    if not old:
        return
    try:
        table.maintenance.expire_snapshots().by_ids(old).commit()
    except CommitFailedException as error:
        raise changing.conflict(work, error) from None


def reachable(table: Table) -> set[str]:
    """Every file that some snapshot needs: data, deletes, manifests and their lists."""
    found: set[str] = set()
    for snapshot in table.metadata.snapshots:
        found.add(snapshot.manifest_list)
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
                found.update(entry.data_file.file_path for entry in entries)
    return found
