"""A Cumulet server as a child process, for programs that need one for a while.

It is tethered: it ends when this process does, however that ends, because the kernel then closes the pipe
that is its standard input.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import IO

from cumulet.config import Config
from cumulet.presence import prepare, private


class LaunchFailed(Exception):
    """The server ended before it was ready; the message is what it said."""


class Child:
    """One server process, ready to be spoken to. Its log is `run/server.log` in the data directory."""

    def __init__(self, data_dir: Path, port: int = 0) -> None:
        self.data_dir = data_dir
        self.log = private(prepare(data_dir) / "run") / "server.log"
        with self.log.open("ab") as log:
            self.process = self._start(port, log)
        self.config = self._ready()

    def _start(self, port: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "cumulet", "up", "--tethered", "--format", "json"]
        return subprocess.Popen(
            [*command, "--data-dir", str(self.data_dir), "--port", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in the terminal is for its user to pass on, in order
        )

    def _ready(self) -> Config:
        assert self.process.stdout
        if line := self.process.stdout.readline():
            said = json.loads(line)
            return Config.read(self.data_dir).at(said["host"], said["port"], said["proxy_port"])
        self.process.wait()
        raise LaunchFailed(
            self.log.read_text(errors="replace")[-4000:].strip() or "Cumulet ended without a word"
        )

    def stop(self, patience: float = 40.0) -> int:
        """Let it put everything in order; its exit code."""
        if self.process.stdin:
            self.process.stdin.close()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
