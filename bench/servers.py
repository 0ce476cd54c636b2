"""Start the servers that are measured, each in a process of its own, and look at them from outside."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NGINX = """
daemon off; error_log {folder}/error.log; pid {folder}/pid; worker_processes auto; worker_rlimit_nofile 4096;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
  client_max_body_size 0; client_body_temp_path {folder}/arriving; send_timeout 600; client_body_timeout 600;
  server {{
    listen 127.0.0.1:{port}; root {folder}/files;
    dav_methods PUT DELETE; create_full_put_path on; dav_access user:rw;
  }}
}}
"""


class Missing(Exception):
    """A server that is not installed; the message says how to install it."""


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

    def cpu(self) -> float:
        """Seconds of processor time that the process and all that it started have used."""
        return sum(used(pid) for pid in family(self.process.pid))


def used(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def resident(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def family(pid: int) -> list[int]:
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in children.read_text().split()]
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
def started(
    name: str, command: list[str], port: int, environment: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], float]]:
    begin = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | (environment or {}),
    )
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


@contextlib.contextmanager
def nginx() -> Iterator[Server]:
    """nginx, serving a folder of files and storing into it (WebDAV): what HTTP alone costs. No fsync."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise Missing("nginx is left out; to have it beside: apt install nginx-light")
    port = free_port()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # its workers may run as somebody else
        for inside in (folder / "files", folder / "arriving"):
            inside.mkdir()
            inside.chmod(0o777)
        settings = folder / "nginx.conf"
        settings.write_text(NGINX.format(folder=folder, port=port))
        with started("nginx", [program, "-c", str(settings), "-p", name], port) as (process, seconds):
            yield Server("nginx", process, port, "none", "none", None, seconds)


@contextlib.contextmanager
def ministack(program: str | None = None) -> Iterator[Server]:
    """MiniStack. It asks for another botocore than the tests do, so it lives in an environment of its own."""
    program = program or shutil.which("ministack")
    if program is None:
        make = "python -m venv .venv-ministack && .venv-ministack/bin/pip install ministack"
        raise Missing(f"ministack is left out; to have it beside: {make}")
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"}
    with started("ministack", [program], port, environment) as (process, seconds):
        yield Server("ministack", process, port, "test", "test", None, seconds)
