"""s3fs and fsspec: files in the lake as one would open them on AWS."""

import threading
import urllib.request

import fsspec
import s3fs

fs = s3fs.S3FileSystem()
bucket = "journey-s3fs"
fs.mkdir(bucket)
assert bucket in fs.ls("")

with fs.open(f"{bucket}/notes/über uns/ключ+&=.txt", "w") as file:
    file.write("first\nsecond\n")
assert fs.cat(f"{bucket}/notes/über uns/ключ+&=.txt") == b"first\nsecond\n"
assert fs.find(bucket) == [f"{bucket}/notes/über uns/ключ+&=.txt"]
print("written", flush=True)

large = bytes(range(256)) * 4 * 10_000  # 10 MB: several parts
with fs.open(f"{bucket}/large.bin", "wb", block_size=5 << 20) as file:
    file.write(large)
assert fs.info(f"{bucket}/large.bin")["size"] == len(large)
assert fs.cat_file(f"{bucket}/large.bin", start=5_000_000, end=5_000_300) == large[5_000_000:5_000_300]
with fs.open(f"{bucket}/large.bin", "rb") as file:
    file.seek(-10, 2)
    assert file.read() == large[-10:]
print("in parts", flush=True)

fs.pipe({f"{bucket}/many/{number:04}": str(number).encode() for number in range(1200)})
assert len(fs.ls(f"{bucket}/many", refresh=True)) == 1200
assert fs.glob(f"{bucket}/many/119*") == [f"{bucket}/many/{number}" for number in range(1190, 1200)]
assert set(fs.cat(fs.glob(f"{bucket}/many/119*")).values()) == {b"%d" % n for n in range(1190, 1200)}

fs.copy(f"{bucket}/large.bin", f"{bucket}/copy.bin")
fs.mv(f"{bucket}/copy.bin", f"{bucket}/moved.bin")
assert fs.checksum(f"{bucket}/moved.bin") and not fs.exists(f"{bucket}/copy.bin")
fs.setxattr(f"{bucket}/moved.bin", owner="me")
assert fs.getxattr(f"{bucket}/moved.bin", "owner") == "me"
fs.put_tags(f"{bucket}/moved.bin", {"kind": "test"})
assert fs.get_tags(f"{bucket}/moved.bin") == {"kind": "test"}
assert urllib.request.urlopen(fs.sign(f"{bucket}/many/0007")).read() == b"7"
try:
    fs.cat(f"{bucket}/nothing")
except FileNotFoundError:
    pass
else:
    raise AssertionError("a key that is none was read")

with fs.open(f"{bucket}/log.txt", "wb") as file:
    file.write(b"a")
with fs.open(f"{bucket}/log.txt", "ab") as file:
    file.write(b"b")
assert fs.cat(f"{bucket}/log.txt") == b"ab"

with fsspec.open_files(f"s3://{bucket}/parts/*.csv", "w", num=3) as files:
    for number, file in enumerate(files):
        file.write(f"{number}\n")
assert fsspec.open(f"s3://{bucket}/parts/1.csv").open().read() == b"1\n"


def write(number: int) -> None:
    fs.pipe_file(f"{bucket}/contested", bytes([number]) * 100_000)


writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
for writer in writers:
    writer.start()
for writer in writers:
    writer.join()
assert len(set(fs.cat_file(f"{bucket}/contested"))) == 1, "a mixture of two writers' bytes"

fs.rm(bucket, recursive=True)
assert not fs.exists(bucket)
print("finished")
