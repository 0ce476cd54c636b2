"""A Ray cluster of two nodes for the tests, started for real and ended for certain.

The second node plays another machine: in its mount namespace the tests' files are hidden and the kernel's name for
this boot is another one. It alone has GPUs (so it says), so a task that asks for some runs there.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

STARTING = 180.0  # seconds, on a slow machine that does much besides
MARK = "CUMULET_TESTS_RAY"  # the variable by which all its processes are known
ELSEWHERE = """
mount -t tmpfs none "$HIDDEN" && mount --bind "$BOOT" /proc/sys/kernel/random/boot_id && exec "$@"
"""


class Cluster:
    def __init__(self, folder: Path, hidden: Path) -> None:
        self.mark = uuid.uuid4().hex
        self.folder, self.hidden = folder, hidden
        (folder / "boot").write_text(f"{uuid.uuid4()}\n")
        (folder / "token").write_text(uuid.uuid4().hex * 2)
        self.port = _free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.settings = {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        self.head = self._start("head", ["--head", f"--port={self.port}", "--include-dashboard=false"])
        self.far = self.second()

    def second(self) -> subprocess.Popen[bytes]:
        """Start the other machine."""
        node = [f"--address={self.address}", "--num-gpus=4"]
        return self._start("far", node, ["unshare", "-m", "sh", "-c", ELSEWHERE, "sh"])

    def _start(
        self, name: str, arguments: list[str], within: list[str] | None = None
    ) -> subprocess.Popen[bytes]:
        log = self.folder / f"{name}.log"
        ray = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=2"]
        ray += ["--object-store-memory=100000000", "--node-ip-address=127.0.0.1"]
        own = {"HIDDEN": str(self.hidden), "BOOT": str(self.folder / "boot"), MARK: self.mark}
        quick = {"RAY_enable_worker_prestart": "0", "PYTHONUNBUFFERED": "1", "RAY_TMPDIR": str(self.folder)}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*(within or []), *ray, *arguments],
                stdout=output,
                stderr=output,
                env={**os.environ, **self.settings, **quick, **own},
                start_new_session=True,
            )
        deadline = time.monotonic() + STARTING
        while b"Ray runtime started" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        return process

    def kill_far(self) -> None:
        """As if somebody had pulled the plug of the other machine."""
        for pid in sorted(_family(self.far.pid)):
            os.kill(pid, signal.SIGKILL)
        self.far.wait()

    def stop(self) -> None:
        for process in (self.far, self.head):
            process.terminate()
        for process in (self.far, self.head):
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        while left := list(self.left()):
            for pid in left:
                _kill(pid)
            time.sleep(0.05)

    def left(self) -> Iterator[int]:
        """Every living process of the cluster, and all that these have started."""
        mark = f"{MARK}={self.mark}".encode()
        return (pid for pid in _everybody() if mark in _environment(pid))


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _everybody() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def why_not() -> str:
    """Why no such cluster can be started here; "" where it can."""
    try:
        import ray  # noqa: F401
    except ImportError:
        return "needs Ray"
    tried = subprocess.run(["unshare", "-m", "true"], capture_output=True, text=True, check=False)
    return f"needs mount namespaces: {tried.stderr}" if tried.returncode else ""
