"""What an answer promises survives a power failure: each step is on disk before the next one counts on it.

Power cannot be cut in a test, but the order of a server's system calls can be read (strace): the bytes are
synced, then the folder that names them, then the database's log, and only then goes the answer out. A small
object's bytes lie in the log itself, and leave the database only when their file has been synced.
"""

from __future__ import annotations

import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CALLS = (
    "fsync,fdatasync,syncfs,write,writev,pwrite64,sendto,sendmsg,rename,renameat,renameat2,link,linkat,"
    "copy_file_range"
)
ANSWER = re.compile(r"(?:write|writev|sendto|sendmsg)\(\d+<(?:socket|TCP|UNIX)[^>]*>+.*HTTP/1\.1 2")
SYNC = re.compile(r"f(?:data)?sync\(\d+<([^>]*)>")
WRITE = re.compile(
    r"(?:write|writev|pwrite64)\(\d+<(/[^>]*)>|copy_file_range\(\d+<[^>]*>, \w+, \d+<(/[^>]*)>"
)

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs Linux"),
]


class Trace:
    """What a server and its threads asked of the kernel while the block ran."""

    def __init__(self, pid: int, file: Path) -> None:
        self.file = file
        command = ["strace", "-f", "-y", "-s", "40", "-e", f"trace={CALLS}", "-o", str(file), "-p", str(pid)]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr
        said = self.process.stderr.readline()
        if "attached" not in said:
            self.process.wait()
            pytest.skip(f"a process cannot be traced here: {said.strip()}")

    def __enter__(self) -> Trace:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    @property
    def lines(self) -> list[str]:
        """A call that another thread's interrupted counts where it came back."""
        begun: dict[str, str] = {}
        whole = []
        for line in self.file.read_text(errors="replace").splitlines():
            thread, _, rest = line.partition(" ")
            if "<unfinished ...>" in rest:
                begun[thread] = rest.strip().removesuffix("<unfinished ...>")
            elif "resumed>" in rest:
                whole.append(begun.pop(thread, "") + rest.partition("resumed>")[2])
            else:
                whole.append(rest.strip())
        return whole


@pytest.fixture
def traced(own_server: Any, tmp_path: Path) -> Callable[[], Trace]:
    return lambda: Trace(own_server.child.process.pid, tmp_path / "trace")


@pytest.fixture
def s3(own_server: Any) -> Any:
    made = own_server.client("s3")
    made.create_bucket(Bucket="lake")
    made.put_object(Bucket="lake", Key="source", Body=b"warm")  # so that nothing is done for the first time
    wait_until_filed(own_server)
    return made


def wait_until_filed(server: Any) -> None:
    """Until no bytes are in the database any more."""
    until = time.monotonic() + 30
    while carried(server):
        assert time.monotonic() < until
        time.sleep(0.01)


def carried(server: Any) -> list[tuple[str]]:
    database = sqlite3.connect(f"file:{server.data_dir / 'cumulet.db'}?mode=ro", uri=True)
    try:
        return database.execute("SELECT blob FROM fresh").fetchall()
    finally:
        database.close()


def last(lines: list[str], wanted: Callable[[str], object]) -> int:
    found = [number for number, line in enumerate(lines) if wanted(line)]
    assert found, "\n".join(lines)
    return found[-1]


def check_order(lines: list[str], *, bytes_written: bool = True) -> None:
    """Bytes, their folder, the database's log, the answer."""
    answered = last(lines, ANSWER.search)

    def synced(line: str, path: str) -> bool:
        found = SYNC.search(line)
        return found is not None and re.search(path, found[1]) is not None and line.rstrip().endswith("= 0")

    before = lines[:answered]
    folder = last(before, lambda line: synced(line, r"/\.objects/[0-9a-f]{2}$"))
    log = last(before, lambda line: synced(line, r"cumulet\.db-wal$"))
    assert folder < log < answered
    if bytes_written:
        file = last(before, lambda line: synced(line, r"/\.objects/[0-9a-f]{2}/[0-9a-f]{32}"))
        assert file < folder
    for number, line in enumerate(before):
        found = WRITE.search(line)
        path = (found[1] or found[2]) if found else ""
        if re.search(r"/\.objects/[0-9a-f]{2}/", path):
            assert any(synced(later, re.escape(path)) for later in before[number:log]), line
        if path.endswith("-wal"):
            assert any(synced(later, re.escape(path)) for later in before[number:]), line


def check_carried(lines: list[str]) -> None:
    """The log, the answer; then the file, and the log again, which forgets the bytes."""
    log = [number for number, line in enumerate(lines) if re.match(r"pwrite64\(\d+<[^>]*db-wal>", line)]
    (synced,) = (n for n, line in enumerate(lines) if re.match(r"fdatasync\(\d+<[^>]*db-wal>\) += 0", line))
    answered = last(lines, ANSWER.search)
    file = last(lines, lambda line: (found := WRITE.search(line)) and "/.objects/" in (found[1] or ""))
    filed = last(lines, re.compile(r"syncfs\(\d+<[^>]*>\) += 0").match)
    before, behind = [n for n in log if n < synced], [n for n in log if n > synced]
    assert before
    assert synced < answered
    assert synced < file < filed < behind[0], "\n".join(lines)


@pytest.mark.parametrize("how", [{}, {"ServerSideEncryption": "AES256"}], ids=["plain", "encrypted"])
def test_a_small_object_is_in_the_log_before_its_answer_and_until_it_has_its_file(
    s3: Any, own_server: Any, traced: Any, how: dict[str, str]
) -> None:
    s3.put_object(Bucket="lake", Key="first", Body=b"x", **how)
    wait_until_filed(own_server)
    with traced() as trace:
        s3.put_object(Bucket="lake", Key="a.csv", Body=b"x" * 1000, **how)
        wait_until_filed(own_server)
    check_carried(trace.lines)


@pytest.mark.parametrize("size", [100_000, 300_000, 3_000_000])
def test_an_object_is_on_disk_before_its_answer(s3: Any, traced: Any, size: int) -> None:
    with traced() as trace:
        s3.put_object(Bucket="lake", Key="a.csv", Body=b"x" * size)
    check_order(trace.lines)


def test_an_encrypted_object_is_on_disk_before_its_answer(s3: Any, traced: Any) -> None:
    s3.put_object(Bucket="lake", Key="first", Body=b"x", ServerSideEncryption="AES256")
    with traced() as trace:
        s3.put_object(Bucket="lake", Key="a.csv", Body=b"x" * 100_000, ServerSideEncryption="AES256")
    check_order(trace.lines)


def test_a_copy_is_on_disk_before_its_answer(s3: Any, traced: Any) -> None:
    with traced() as trace:
        s3.copy_object(Bucket="lake", Key="copy", CopySource="lake/source")
    check_order(trace.lines, bytes_written=False)  # a second name of bytes that are there


def test_a_completed_upload_is_on_disk_before_its_answer(s3: Any, traced: Any) -> None:
    where = {"Bucket": "lake", "Key": "parts"}
    upload = s3.create_multipart_upload(**where)["UploadId"]
    sizes = {1: 5 << 20, 2: 10}
    parts = [
        {
            "PartNumber": n,
            "ETag": s3.upload_part(**where, UploadId=upload, PartNumber=n, Body=bytes(size))["ETag"],
        }
        for n, size in sizes.items()
    ]
    with traced() as trace:
        s3.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": parts})
    check_order(trace.lines)


def test_a_part_is_on_disk_before_its_answer(s3: Any, traced: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="lake", Key="parts")["UploadId"]
    with traced() as trace:
        s3.upload_part(Bucket="lake", Key="parts", UploadId=upload, PartNumber=1, Body=b"x" * 1000)
    check_order(trace.lines)


def test_a_delete_is_in_the_log_before_its_answer(s3: Any, traced: Any) -> None:
    with traced() as trace:
        s3.delete_object(Bucket="lake", Key="source")
    lines = trace.lines
    answered = last(lines, ANSWER.search)
    assert last(lines[:answered], lambda line: re.search(r"sync\(\d+<[^>]*db-wal>\) += 0", line))
