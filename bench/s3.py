"""The object store beside what people use instead, and beside what HTTP and the disk cost alone.

    make bench            (or: python bench/s3.py [--quick] [--write docs/benchmarks.md])

All servers run side by side and are measured in turn, cell by cell, by the same client (load.py), which is
no limit to them: read the ratios. nginx serves and stores (WebDAV, no fsync) the same files: the floor for
HTTP. "disk" is a program that writes files and fsyncs them: the floor for durable storing. moto_server and
MiniStack keep objects in memory or in files without fsync.

From elsewhere: nginx and wrk are Debian packages (apt install nginx-light wrk); MiniStack is
`python -m venv .venv-ministack && .venv-ministack/bin/pip install ministack` (--ministack names its program
if it is elsewhere). What is not there is left out. `--quick` takes less than 3 minutes, all of it less than 15
and 30 GB of disk (--directory says where).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import lake
import servers
from load import UNSIGNED, Driver, Message, Outcome, Signer, sample, sha256, write_synced

KB, MB, GB = 1 << 10, 1 << 20, 1 << 30
NAMES = {KB: "1 KB", MB: "1 MB", 64 * MB: "64 MB", GB: "1 GB"}
BUCKET = "bench"
BEGIN, END = "<!-- bench/s3.py begins -->", "<!-- bench/s3.py ends -->"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: Sequence[int]
    clients: Sequence[int]
    seconds: float
    buckets: Sequence[int]
    crowd: int  # of clients that move large objects at once, while memory is watched

    def covers(self, server: str, operation: str, size: int, clients: int) -> bool:
        """What would take minutes, or all memory, is left out."""
        weight = size * clients
        if server in ("moto_server", "ministack"):
            return weight <= GB
        if operation == "PUT" or server == "disk":
            return weight <= 8 * GB
        return True


FULL = Plan((KB, MB, 64 * MB, GB), (1, 8, 32), 1.5, (10_000, 100_000, 1_000_000), 16)
QUICK = Plan((KB, MB, 64 * MB), (1, 8), 0.7, (10_000, 100_000), 4)


@dataclass
class Row:
    """One cell of the measurement."""

    operation: str
    size: int
    clients: int
    server: str
    outcome: Outcome
    cpu: float = math.nan  # seconds for each call
    memory: int = 0  # resident bytes, the most that was seen

    def __str__(self) -> str:
        outcome = self.outcome
        moved = f"{outcome.megabytes:,.0f}" if outcome.moved > 10_000 * len(outcome.latencies) else ""
        used = "" if math.isnan(self.cpu) else f"{self.cpu * 1000:.3g}"
        memory = f"{self.memory / 1e6:.0f}" if self.memory else ""
        return (
            f"| {self.operation} | {NAMES[self.size]} | {self.clients} | {self.server} | "
            f"{outcome.rate:,.4g} | {moved} | {outcome.percentile(0.5):.3g} | "
            f"{outcome.percentile(0.99):.3g} | {used} | {memory} |"
        )


@dataclass
class Watch:
    """What a server uses while it is under load."""

    server: servers.Server
    peak: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self.before = self.server.cpu()
        self.thread = threading.Thread(target=self._look, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()
        self.cpu = self.server.cpu() - self.before

    def _look(self) -> None:
        while True:
            self.peak = max(self.peak, self.server.memory())
            if self.over.wait(0.1):
                return


def puts(signer: Signer, file: Path, payload: str, prefix: str, count: int) -> Iterator[Message]:
    """So many new objects; behind them the first ones are written over."""
    return cycle([signer.message("PUT", f"/{prefix}/{n}", body=file, payload=payload) for n in range(count)])


def calls(signer: Signer, method: str, prefix: str, count: int, extra: str = "") -> Iterator[Message]:
    """The objects that `puts` left, one after the other."""
    return cycle([_with(signer.message(method, f"/{prefix}/{n}"), extra) for n in range(count)])


def deletes(signer: Signer, prefix: str, count: int) -> list[Message]:
    return [signer.message("DELETE", f"/{prefix}/{n}") for n in range(count)]


def listings(signer: Signer, prefix: str) -> Iterator[Message]:
    bucket, _, rest = prefix.partition("/")
    query = f"list-type=2&prefix={rest.replace('/', '%2F')}"
    return cycle([signer.message("GET", f"/{bucket}", query)])


def _with(message: Message, header: str) -> Message:
    if not header:
        return message
    head = message.head.replace(b"\r\nHost:", f"\r\n{header}\r\nHost:".encode(), 1)
    return Message(head, message.body, message.size, message.headless)


@dataclass
class Bench:
    """One run."""

    plan: Plan
    driver: Driver
    folder: Path
    running: list[servers.Server]
    rows: list[Row] = field(default_factory=list)

    def run(self) -> None:
        for size in self.plan.sizes:
            file = sample(self.folder, size)
            payload = sha256(file)
            for clients in self.plan.clients:
                self._round(size, clients, file, payload)

    def _round(self, size: int, clients: int, file: Path, payload: str) -> None:
        """All operations on objects of one size by so many clients, one server after the other in each."""
        seconds, most = self.plan.seconds, _most(size, clients)
        prefix = f"{BUCKET}/{size}-{clients}"
        there: dict[str, int] = {}
        if self.plan.covers("disk", "PUT", size, clients):
            floor = write_synced(self.folder, size, clients, seconds, most)
            self._keep(Row("PUT", size, clients, "disk", floor))
        for server in self.running:
            if self.plan.covers(server.name, "PUT", size, clients):
                make = partial(puts, _signer(server), file, payload, prefix, most)
                outcome = self._measure("PUT", server, size, clients, make, seconds, max(most, 20_000))
                there[server.name] = min(most, len(outcome.latencies))
            elif self.plan.covers(server.name, "GET", size, clients):
                make = partial(puts, _signer(server), file, payload, prefix, 1)
                self.driver.drive(server.port, make, 1, 0, 1)
                there[server.name] = 1
        ranged = f"Range: bytes={size // 4}-{size * 3 // 4 - 1}"
        for operation, method, extra in (
            ("GET", "GET", ""),
            ("GET half", "GET", ranged),
            ("HEAD", "HEAD", ""),
        ):
            if extra and size < 64 * MB:
                continue
            for server in self.running:
                if count := there.get(server.name):
                    make = partial(calls, _signer(server), method, prefix, count, extra)
                    short = method == "HEAD" and size > KB  # the size makes little difference to it
                    self._measure(operation, server, size, clients, make, seconds / 4 if short else seconds)
        for server in self.running:
            if server.name in there and server.name != "nginx" and size == KB:
                self._measure(
                    "LIST", server, size, clients, partial(listings, _signer(server), prefix), seconds
                )
        for server in self.running:
            if count := there.get(server.name):
                self._measure(
                    "DELETE",
                    server,
                    size,
                    clients,
                    partial(deletes, _signer(server), prefix, count),
                    math.inf,
                )

    def _measure(
        self,
        operation: str,
        server: servers.Server,
        size: int,
        clients: int,
        make: Callable[[], Iterable[Message]],
        seconds: float,
        most: int = 1 << 60,
    ) -> Outcome:
        os.sync()  # what one left unwritten must not cost the next
        with Watch(server) as watch:
            outcome = self.driver.drive(server.port, make, clients, seconds, most)
        used = watch.cpu / len(outcome.latencies)
        self._keep(Row(operation, size, clients, server.name, outcome, used, watch.peak))
        return outcome

    def _keep(self, row: Row) -> None:
        self.rows.append(row)
        print(row, flush=True)

    def find(self, operation: str, size: int, clients: int, server: str) -> Outcome | None:
        for row in self.rows:
            if (row.operation, row.size, row.clients, row.server) == (operation, size, clients, server):
                return row.outcome
        return None


def _most(size: int, clients: int) -> int:
    """How many objects of a size are written at most, so that the disk holds them."""
    return max(clients, min(20_000, 4 * GB // size))


def _signer(server: servers.Server) -> Signer:
    return Signer(server.port, server.access_key, server.secret_key)


def crowd(bench: Bench, server: servers.Server) -> Iterator[tuple[str, str]]:
    """Memory while many clients move the largest objects, half of them each way."""
    size, half = bench.plan.sizes[-1], max(1, bench.plan.crowd // 2)
    file, signer = sample(bench.folder, size), _signer(server)
    payload = sha256(file)
    upload = partial(puts, signer, file, payload, f"{BUCKET}/crowd", half)
    bench.driver.drive(server.port, partial(puts, signer, file, payload, f"{BUCKET}/crowd", 1), 1, 0, 1)
    with Watch(server) as watch, Driver() as other:
        thread = threading.Thread(target=other.drive, args=(server.port, upload, half, 0.0))
        thread.start()
        download = partial(calls, signer, "GET", f"{BUCKET}/crowd", 1)
        outcome = bench.driver.drive(server.port, download, half, 2.0)
        thread.join()
    bench.driver.drive(server.port, partial(deletes, signer, f"{BUCKET}/crowd", half), 1)
    what = f"{half} PUT and {half} GET of {NAMES[size]} at once: peak memory, MB"
    yield what, f"{watch.peak / 1e6:.0f} (GET at {outcome.megabytes:,.0f} MB/s meanwhile)"


def in_parts(bench: Bench, server: servers.Server) -> Iterator[tuple[str, str]]:
    """A large object in parts, then completed and copied: what joining costs."""
    import boto3

    size, part = bench.plan.sizes[-1], 64 * MB
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
    )
    upload = client.create_multipart_upload(Bucket=BUCKET, Key="parts")["UploadId"]
    file, parts = sample(bench.folder, part), []
    count = max(2, size // part)
    for number in range(1, count + 1):
        with file.open("rb") as body:
            answer = client.upload_part(
                Bucket=BUCKET, Key="parts", UploadId=upload, PartNumber=number, Body=body
            )
        parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    begin = time.perf_counter()
    client.complete_multipart_upload(
        Bucket=BUCKET, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    middle = time.perf_counter()
    client.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "parts"})
    end = time.perf_counter()
    for key in ("parts", "copied"):
        client.delete_object(Bucket=BUCKET, Key=key)
    told = f"{count} parts of 64 MB"
    yield f"CompleteMultipartUpload of {told}, s", f"{middle - begin:.2f}"
    yield f"CopyObject of what came of {told}, s", f"{end - middle:.2f}"


def with_wrk(bench: Bench) -> Iterator[tuple[str, ...]]:
    """1 KB over presigned URLs by wrk, which costs the machine least of all clients."""
    if shutil.which("wrk") is None:
        print("wrk is left out; to have it: apt install wrk")
        return
    for clients in (8, 32):
        for server in bench.running:
            signer = _signer(server)
            put = partial(puts, signer, sample(bench.folder, KB), UNSIGNED, f"{BUCKET}/wrk", 1)
            bench.driver.drive(server.port, put, 1, 0, 1)
            command = ["wrk", "-t1", f"-c{clients}", f"-d{math.ceil(bench.plan.seconds)}", "--latency"]
            command.append(signer.presigned(f"/{BUCKET}/wrk/0"))
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            if "Non-2xx" in said:
                raise RuntimeError(said)
            figures = [re.search(p, said) for p in (r"Requests/sec:\s*(\S+)", r"50%\s*(\S+)", r"99%\s*(\S+)")]
            yield ("GET 1 KB", str(clients), server.name, *(found[1] if found else "" for found in figures))


def with_obstore(bench: Bench) -> Iterator[tuple[str, ...]]:
    """A client as people have it, in Rust: it signs each request and digests each body anew."""
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError:
        print("obstore is left out; to have it: pip install obstore")
        return
    for server in bench.running:
        if server.name == "nginx":
            continue
        store = S3Store(
            BUCKET,
            endpoint=server.endpoint,
            region="us-east-1",
            access_key_id=server.access_key,
            secret_access_key=server.secret_key,
            virtual_hosted_style_request=False,
            client_options={"allow_http": True, "timeout": "300s"},
        )
        for size in (KB, 64 * MB):
            body = sample(bench.folder, size).read_bytes()
            begin = time.perf_counter()
            count, moved = asyncio.run(_by_obstore(store, "put", body, begin + bench.plan.seconds))
            yield f"PUT {NAMES[size]}", "8", server.name, *_per_second(count, moved, begin)
            begin = time.perf_counter()
            count, moved = asyncio.run(_by_obstore(store, "get", body, begin + bench.plan.seconds))
            yield f"GET {NAMES[size]}", "8", server.name, *_per_second(count, moved, begin)


async def _by_obstore(store: Any, how: str, body: bytes, end: float) -> tuple[int, int]:
    """Eight at a time until the end; how many calls, and how many bytes they moved."""
    import obstore

    async def work(number: int) -> int:
        count = 0
        while count == 0 or time.perf_counter() < end:
            if how == "put":
                await obstore.put_async(store, f"obstore-{number}", body, use_multipart=False)
            else:
                await (await obstore.get_async(store, f"obstore-{number}")).bytes_async()
            count += 1
        return count

    counts = await asyncio.gather(*map(work, range(8)))
    return sum(counts), sum(counts) * len(body)


def _per_second(count: int, moved: int, begin: float) -> tuple[str, str]:
    seconds = time.perf_counter() - begin
    return f"{count / seconds:.4g}", f"{moved / seconds / 1e6:.0f}"


def aims(bench: Bench) -> Iterator[tuple[str, str]]:
    """The figures that the store is held to, as ratios within this run."""
    wanted = [
        ("GET", "nginx", 64 * MB, "0.8"),
        ("GET half", "nginx", 64 * MB, "0.8"),
        ("GET", "nginx", GB, "0.8"),
        ("GET half", "nginx", GB, "0.8"),
        ("PUT", "disk", 64 * MB, "0.7"),
        ("PUT", "disk", GB, "0.7"),
        ("PUT", "nginx", 64 * MB, "none"),
        ("PUT", "nginx", GB, "none"),
        ("GET", "moto_server", KB, "10"),
        ("PUT", "moto_server", KB, "10"),
    ]
    for operation, beside, size, aim in wanted:
        for clients in bench.plan.clients:
            ours = bench.find(operation, size, clients, "cumulet")
            theirs = bench.find(operation, size, clients, beside)
            if ours and theirs:
                what = f"{operation} {NAMES[size]}, {clients} client(s), beside {beside} (aim: {aim})"
                yield what, f"{ours.rate / theirs.rate:.2f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in (heads, *rows)]
    lines.insert(1, "|---" * len(heads) + "|")
    return "\n".join(lines)


@contextlib.contextmanager
def all_servers(ministack: str | None) -> Iterator[list[servers.Server]]:
    """Those that are installed, each with the bucket."""
    local = Path(".venv-ministack/bin/ministack")
    program = ministack or (str(local.absolute()) if local.exists() else None)
    with contextlib.ExitStack() as stack, Driver() as driver:
        running = []
        for start in (
            servers.cumulet,
            servers.nginx,
            servers.moto,
            partial(servers.ministack, program),
        ):
            try:
                running.append(stack.enter_context(start()))
            except servers.Missing as missing:
                print(missing, flush=True)
        for server in running:
            if server.name != "nginx":
                make = partial(_bucket, _signer(server))
                driver.drive(server.port, make, 1)
        yield running


def _bucket(signer: Signer) -> list[Message]:
    return [signer.message("PUT", f"/{BUCKET}")]


HEADS = ("operation", "size", "clients", "server", "ops/s", "MB/s", "p50 ms", "p99 ms", "CPU ms/op", "MB")


def report(plan: Plan, ministack: str | None) -> str:
    """Measure everything; the tables."""
    with tempfile.TemporaryDirectory() as name, Driver() as driver, all_servers(ministack) as running:
        bench = Bench(plan, driver, Path(name), running)
        print(table(HEADS, []), flush=True)
        bench.run()
        ours = running[0]
        single: list[tuple[str, str]] = []
        for part in (
            in_parts(bench, ours),
            crowd(bench, ours),
            lake.measure(driver, plan.buckets, plan.seconds),
        ):
            for row in part:
                print(*row, sep=": ", flush=True)
                single.append(row)
        wrk = list(with_wrk(bench))
        rust = list(with_obstore(bench))
        ratios = list(aims(bench))
    parts = [
        table(("ratio", "Cumulet"), ratios),
        table(("what", "Cumulet"), single),
        table(("operation by wrk", "clients", "server", "requests/s", "p50", "p99"), wrk),
        table(("operation by obstore", "at once", "server", "requests/s", "MB/s"), rust),
        "\n".join([table(HEADS, []), *map(str, bench.rows)]),
    ]
    return "\n\n".join(parts)


def write(page: Path, text: str) -> None:
    """Put the tables between the marks of a page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="smaller sizes, fewer clients, no million")
    parser.add_argument("--no-million", action="store_true", help="leave the bucket of a million objects out")
    parser.add_argument("--directory", type=Path, help="where the servers keep their data (default: TMPDIR)")
    parser.add_argument("--ministack", help="the program of MiniStack's own environment")
    parser.add_argument("--write", type=Path, help="a page with the marks between which the tables go")
    options = parser.parse_args()
    if options.directory:
        tempfile.tempdir = str(options.directory.absolute())
    plan = QUICK if options.quick else FULL
    if options.no_million:
        plan = Plan(
            plan.sizes, plan.clients, plan.seconds, [b for b in plan.buckets if b < 10**6], plan.crowd
        )
    begin = time.perf_counter()
    text = report(plan, options.ministack)
    print(f"\n{text}\n\nThis took {(time.perf_counter() - begin) / 60:.1f} minutes.")
    if options.write:
        write(options.write, text)


if __name__ == "__main__":
    main()
