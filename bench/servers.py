"""Start the servers that are measured, each in a process of its own, and look at them from outside."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Server:
    """A running server under measurement."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    access_key: str
    secret_key: str
    token: str | None
    start_seconds: float

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def memory(self) -> int:
        """Resident bytes of the process and all that it started."""
        return sum(resident(pid) for pid in family(self.process.pid))


def resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in children.read_text().split()] if children.exists() else []
    return [pid, *(member for child in found for member in family(child))]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def wait_until_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until an HTTP answer of any kind comes back: the moment from which a client is served."""
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            if connection.recv(12).startswith(b"HTTP/1."):
                return
        time.sleep(0.002)
    raise RuntimeError(f"the server ended with {process.returncode} before it answered")


@contextlib.contextmanager
def started(name: str, command: list[str], port: int) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_answers(port, process)
        yield process, time.perf_counter() - begin
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def cumulet(directory: Path | None = None) -> Iterator[Server]:
    """Cumulet on a fresh data directory (or on one that is there: a second start)."""
    port = free_port()
    with contextlib.ExitStack() as stack:
        folder = str(directory) if directory else stack.enter_context(tempfile.TemporaryDirectory())
        base = [sys.executable, "-m", "cumulet"]
        command = [*base, "up", "--port", str(port), "--data-dir", folder]
        process, seconds = stack.enter_context(started("cumulet", command, port))
        ask = [*base, "env", "--data-dir", folder, "--format", "json"]
        env = json.loads(subprocess.run(ask, check=True, capture_output=True).stdout)
        yield Server(
            "cumulet",
            process,
            port,
            env["AWS_ACCESS_KEY_ID"],
            env["AWS_SECRET_ACCESS_KEY"],
            env.get("AWS_SESSION_TOKEN"),
            seconds,
        )


@contextlib.contextmanager
def moto() -> Iterator[Server]:
    """moto's own server (checks no signatures)."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("moto_server")), "-p", str(port), "-H", "127.0.0.1"]
    with started("moto_server", command, port) as (process, seconds):
        yield Server("moto_server", process, port, "testing", "testing", None, seconds)
