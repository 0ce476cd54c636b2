"""Large buckets: the index is filled through the store's own code, then the server is started on it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import servers
from load import Driver, Message, Outcome, Signer

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.store.objects import Entry

TOGETHER = 5_000  # entries in one change of the store
PAGE = 1_000  # keys in one answer
NOTHING = "d41d8cd98f00b204e9800998ecf8427e"
CHECKSUM = {"algorithm": "CRC64NVME", "value": "AAAAAAAAAAA=", "type": "FULL_OBJECT"}


def measure(driver: Driver, sizes: Sequence[int], seconds: float) -> Iterator[tuple[str, str]]:
    """Rows of a table: listings of 1,000 keys at random places of buckets of these sizes, and starts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        begin = time.perf_counter()
        _fill(folder, sizes)
        yield f"filling the index with {sum(sizes):,} objects, s", f"{time.perf_counter() - begin:.1f}"
        with servers.cumulet(folder) as server:
            for size in sizes:
                for clients in (1, 8):
                    outcome = _list(driver, server, size, clients, seconds)
                    yield f"LIST of 1,000 among {size:,}, {clients} client(s)", _told(outcome)
        with servers.cumulet(folder) as server:
            yield f"start with {sum(sizes):,} objects, s", f"{server.start_seconds:.2f}"
            server.process.kill()
        with servers.cumulet(folder) as server:
            yield f"start with {sum(sizes):,} objects after SIGKILL, s", f"{server.start_seconds:.2f}"


def _list(driver: Driver, server: servers.Server, size: int, clients: int, seconds: float) -> Outcome:
    signer = Signer(server.port, server.access_key, server.secret_key)
    return driver.drive(server.port, partial(listings, signer, _bucket(size), size), clients, seconds)


def listings(signer: Signer, bucket: str, size: int) -> Iterator[Message]:
    """Pages that begin all over the bucket."""
    starts = [(number * 7_919 * PAGE // 13) % max(1, size - PAGE) for number in range(64)]
    queries = [f"list-type=2&max-keys={PAGE}&start-after={quote(_key(start), safe='')}" for start in starts]
    messages = [signer.message("GET", f"/{bucket}", query) for query in queries]
    while True:
        yield from messages


def _told(outcome: Outcome) -> str:
    return (
        f"{outcome.rate:.0f}/s, p50 {outcome.percentile(0.5):.1f} ms, p99 {outcome.percentile(0.99):.1f} ms"
    )


def _fill(directory: Path, sizes: Sequence[int]) -> None:
    house = House(Config(data_dir=directory))
    try:
        iam.bootstrap(house)
        account = iam.account(house)
        caller = Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account)
        for size in sizes:
            house.service("s3", caller).create_bucket(Bucket=_bucket(size))
            entries = _entries(size)
            while batch := list(islice(entries, TOGETHER)):
                house.store.atomically(partial(_put, house, batch))
    finally:
        house.close()


def _put(house: House, batch: list[Entry]) -> None:
    for entry in batch:
        house.store.objects.put(entry)


def _entries(size: int) -> Iterator[Entry]:
    now = float(int(time.time()))
    for number in range(size):
        detail = {"checksum": CHECKSUM}
        yield Entry(
            _bucket(size), _key(number), 0, NOTHING, now, "", "STANDARD", "CRC64NVME FULL_OBJECT", detail
        )


def _bucket(size: int) -> str:
    return f"lake-of-{size}"


def _key(number: int) -> str:
    return f"table/day={number // 1000:04d}/part-{number:08d}.parquet"
