"""pyarrow: datasets at s3:// addresses, and its file system on its own."""

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pyarrow import fs

bucket = "journey-arrow"
boto3.client("s3").create_bucket(Bucket=bucket)
table = pa.table({"number": range(100_000), "kind": ["a", "b", "c", "d"] * 25_000})

pq.write_table(table, f"s3://{bucket}/one.parquet")
assert pq.read_table(f"s3://{bucket}/one.parquet").equals(table)
print("written", flush=True)

ds.write_dataset(table, f"s3://{bucket}/set", format="parquet", partitioning=["kind"])
read = ds.dataset(f"s3://{bucket}/set", partitioning=["kind"])
assert read.count_rows(filter=pc.field("kind") == "b") == 25_000

assert fs.FileSystem.from_uri(f"s3://{bucket}/one.parquet")[0].get_file_info(f"{bucket}/one.parquet").is_file
lake, root = fs.S3FileSystem(), bucket
large = bytes(range(256)) * 60_000  # 15 MB: several parts
with lake.open_output_stream(f"{root}/große Datei+.bin") as file:
    file.write(large)
with lake.open_input_file(f"{root}/große Datei+.bin") as file:
    assert file.size() == len(large)
    assert file.read_at(1000, 11_000_000) == large[11_000_000:11_001_000]
assert lake.get_file_info(f"{root}/nothing").type == fs.FileType.NotFound
assert lake.get_file_info(f"{root}/set").type == fs.FileType.Directory
lake.copy_file(f"{root}/große Datei+.bin", f"{root}/copy.bin")
lake.move(f"{root}/copy.bin", f"{root}/moved.bin")
lake.create_dir(f"{root}/empty/inner")
assert lake.get_file_info(f"{root}/empty/inner").type == fs.FileType.Directory
names = [info.path for info in lake.get_file_info(fs.FileSelector(root, recursive=True)) if info.is_file]
assert f"{root}/moved.bin" in names and len(names) == 7, names
lake.delete_dir(f"{root}/set")
assert lake.get_file_info(f"{root}/set").type == fs.FileType.NotFound
try:
    lake.open_input_file(f"{root}/nothing")
except FileNotFoundError:
    pass
else:
    raise AssertionError("a key that is none was opened")
print("finished")
