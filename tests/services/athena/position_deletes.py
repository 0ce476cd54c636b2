"""A position delete, as engines that merge on read write it: pyiceberg reads them and has no writer for them."""

from __future__ import annotations

import uuid

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestContent, ManifestWriterV2
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation
from pyiceberg.table.update.snapshot import _FastAppendFiles


class DeleteManifest(ManifestWriterV2):
    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class Deletes(_FastAppendFiles):
    def new_manifest_writer(self, spec):  # type: ignore[no-untyped-def]
        return DeleteManifest(spec, self.schema(), self.new_manifest_output(), self._snapshot_id, "deflate")


def delete_row(table: Table, place: int) -> int:
    """Delete one row of the table's largest file by its place; the id that it had."""
    task = max(table.scan().plan_files(), key=lambda task: task.file.record_count)
    with table.io.new_input(task.file.file_path).open() as opened:
        identity = pq.read_table(opened)["id"][place].as_py()
    rows = pa.table(
        {"file_path": [task.file.file_path], "pos": pa.array([place], pa.int64())},
        schema=pa.schema(
            [
                pa.field("file_path", pa.string(), False, {"PARQUET:field_id": "2147483546"}),
                pa.field("pos", pa.int64(), False, {"PARQUET:field_id": "2147483545"}),
            ]
        ),
    )
    location = f"{table.location()}/data/{uuid.uuid4()}-deletes.parquet"
    with table.io.new_output(location).create() as output:
        pq.write_table(rows, output)
    file = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=task.file.partition,
        record_count=1,
        file_size_in_bytes=len(table.io.new_input(location)),
        spec_id=task.file.spec_id,
    )
    with table.transaction() as transaction:
        with Deletes(Operation.DELETE, transaction, table.io) as made:
            made.append_data_file(file)
    return int(identity)
