"""obstore (Rust's object_store): conditional writes, ranges, streams, signed addresses."""

import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
import obstore
from obstore.exceptions import AlreadyExistsError, PreconditionError
from obstore.store import S3Store

bucket = "journey-obstore"
boto3.client("s3").create_bucket(Bucket=bucket)
store = S3Store(bucket)

store.put("größe/a b+c%.txt", b"hello")
assert store.get("größe/a b+c%.txt").bytes() == b"hello"
assert store.head("größe/a b+c%.txt")["size"] == 5
print("written", flush=True)

large = bytes(range(256)) * 50_000  # 12.8 MB
store.put("large.bin", large, use_multipart=True, chunk_size=5 << 20)
assert bytes(store.get("large.bin").bytes()) == large
assert bytes(store.get_range("large.bin", start=6_000_000, length=1000)) == large[6_000_000:6_001_000]
first, second = store.get_ranges("large.bin", starts=[0, 9_000_000], lengths=[10, 10])
assert bytes(first) + bytes(second) == large[:10] + large[9_000_000:9_000_010]
with obstore.open_writer(store, "streamed.bin") as writer:
    for _ in range(3):
        writer.write(large)
reader = obstore.open_reader(store, "streamed.bin")
reader.seek(2 * len(large))
assert bytes(reader.read(5)) == large[:5]
print("in parts", flush=True)

store.put("once", b"1", mode="create")
try:
    store.put("once", b"2", mode="create")
except AlreadyExistsError:
    pass
else:
    raise AssertionError("a key that was there was created again")
seen = store.head("once")
store.put("once", b"3", mode={"e_tag": seen["e_tag"]})
try:
    store.put("once", b"4", mode={"e_tag": seen["e_tag"]})
except PreconditionError:
    pass
else:
    raise AssertionError("written over a state that was not the one seen")


def claim(number):
    try:
        store.put("claimed", str(number).encode(), mode="create")
    except AlreadyExistsError:
        return None
    return number


with ThreadPoolExecutor(8) as pool:
    claimed = [number for number in pool.map(claim, range(16)) if number is not None]
assert len(claimed) == 1 and bytes(store.get("claimed").bytes()) == str(claimed[0]).encode()


with ThreadPoolExecutor(8) as pool:
    list(pool.map(lambda number: store.put(f"many/{number:04}", b"x"), range(1100)))
listed = [each["path"] for page in store.list("many") for each in page]
assert sorted(listed) == [f"many/{number:04}" for number in range(1100)]
after = [each["path"] for page in store.list("many", offset="many/1089") for each in page]
assert len(after) == 10
assert "many" in store.list_with_delimiter()["common_prefixes"]

store.copy("once", "twice")
store.rename("twice", "thrice")
assert bytes(store.get("thrice").bytes()) == b"3"
address = obstore.sign(store, "GET", "once", expires_in=__import__("datetime").timedelta(minutes=5))
assert urllib.request.urlopen(address).read() == b"3"
store.delete([f"many/{number:04}" for number in range(1100)])
assert not [each for page in store.list("many") for each in page]
try:
    store.get("many/0000")
except FileNotFoundError:
    pass
else:
    raise AssertionError("a key that is none was read")
print("finished")
