"""Tables in the lake: Delta with delta-rs, Iceberg with pyiceberg; several writers at once."""

from concurrent.futures import ThreadPoolExecutor

import boto3
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog

bucket = "journey-tables"
boto3.client("s3").create_bucket(Bucket=bucket)
table = pa.table({"number": pa.array(range(1000), pa.int64()), "kind": ["a", "b"] * 500})

# A commit is a conditional write (If-None-Match): of two writers of a version, one is told so and goes on.
delta = f"s3://{bucket}/delta"
write_deltalake(delta, table, partition_by=["kind"])
print("written", flush=True)


def append(number):
    write_deltalake(delta, pa.table({"number": pa.array([number], pa.int64()), "kind": ["c"]}), mode="append")


with ThreadPoolExecutor(6) as pool:
    list(pool.map(append, range(18)))
found = DeltaTable(delta)
assert found.version() == 18, found.version()
assert found.to_pyarrow_table().num_rows == 1018
found.delete("kind = 'a'")
found.optimize.compact()
found.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
assert DeltaTable(delta).to_pyarrow_table().num_rows == 518
assert DeltaTable(delta, version=20).to_pyarrow_table().num_rows == 518
print("delta", flush=True)

for name, io in (
    ("arrow", "pyiceberg.io.pyarrow.PyArrowFileIO"),
    ("fsspec", "pyiceberg.io.fsspec.FsspecFileIO"),
):
    catalog = SqlCatalog(
        name, uri=f"sqlite:///{name}.db", warehouse=f"s3://{bucket}/{name}", **{"py-io-impl": io}
    )
    catalog.create_namespace("lake")
    iceberg = catalog.create_table("lake.numbers", schema=table.schema)
    iceberg.append(table)
    iceberg.append(table)
    iceberg.overwrite(table.slice(0, 10), overwrite_filter="number >= 500")
    assert catalog.load_table("lake.numbers").scan().to_arrow().num_rows == 1010
    assert iceberg.scan(row_filter="number = 7").to_arrow().num_rows == 3
    with iceberg.update_schema() as update:
        update.add_column("note", __import__("pyiceberg.types").types.StringType())
    iceberg.append(pa.table({"number": [5000], "kind": ["z"], "note": ["späť"]}))
    assert iceberg.scan(row_filter="number = 5000").to_arrow()["note"].to_pylist() == ["späť"]
    assert len(iceberg.metadata.snapshots) >= 4
    print("iceberg", name, flush=True)
print("finished")
