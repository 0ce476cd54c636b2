"""A Ray cluster of two nodes for the tests, started for real and ended for certain.

The second node plays another machine: in its mount namespace the tests' files are hidden and the kernel's name for
this boot is another one. It alone has GPUs (so it says), so a task that asks for some runs there.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from cumulet.engines.run import processes

STARTING = 240.0  # seconds, on a slow machine that does much besides
MARK = "CUMULET_TESTS_RAY"  # the variable by which all its processes are known
ELSEWHERE = """
mount -t tmpfs none "$HIDDEN" && mount --bind "$BOOT" /proc/sys/kernel/random/boot_id && exec "$@"
"""


PATIENT = {  # what Ray takes for a failure is only a slow machine
    "RAY_raylet_start_wait_time_s": "200",
    "RAY_worker_register_timeout_seconds": "300",
    "RAY_health_check_failure_threshold": "10",
    "RAY_gcs_rpc_server_connect_timeout_s": "60",
}


class NotStarted(Exception):
    """Ray has not come up; the text is what it said."""


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
        head = ["--head", f"--port={self.port}", "--include-dashboard=false"]
        self.head = self.far = self._start("head", head)
        try:
            self.far = self.second()
        except BaseException:
            self.stop()
            raise

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
        ray += ["--min-worker-port=0", "--max-worker-port=0"]  # whichever are free
        own = {"HIDDEN": str(self.hidden), "BOOT": str(self.folder / "boot"), MARK: self.mark}
        quick = {
            **PATIENT,
            "RAY_enable_worker_prestart": "0",
            "PYTHONUNBUFFERED": "1",
            "RAY_TMPDIR": str(self.folder),
        }
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *(within or []), *ray, *arguments],
                stdout=output,
                stderr=output,
                env={**os.environ, **self.settings, **quick, **own},
                start_new_session=True,
            )
        deadline = time.monotonic() + STARTING
        while b"Ray runtime started" not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                self._kill_all()
                raise NotStarted(log.read_text()[-1000:])
            time.sleep(0.05)
        return process

    def kill_far(self) -> None:
        """As if somebody had pulled the plug of the other machine."""
        for pid in [self.far.pid, *processes.descendants(self.far.pid)]:
            processes.send(pid, signal.SIGKILL)
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
        self._kill_all()

    def _kill_all(self) -> None:
        while left := list(self.left()):
            for pid in left:
                processes.send(pid, signal.SIGKILL)
            time.sleep(0.05)

    def left(self) -> Iterator[int]:
        """Every living process of the cluster, and all that these have started."""
        mark = f"{MARK}={self.mark}".encode()
        return (pid for pid in _everybody() if mark in _environment(pid))


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
    command = ["setpriv", "--pdeathsig", "TERM", "unshare", "-m", "true"]
    if not all(map(shutil.which, ("setpriv", "unshare", "mount"))):
        return "needs util-linux"
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"needs mount namespaces: {tried.stderr}" if tried.returncode else ""
