"""The demo itself: a server and a client process, watched to their end and never left behind.

Both hang on pipes that this process holds: however it ends, they end too.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from cumulet import access, environment
from cumulet.config import Config
from cumulet.demo.display import Display
from cumulet.demo.memory import Watch
from cumulet.launch import Child
from cumulet.presence import held

REGION = "us-east-1"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Failed(Exception):
    """The road was not walked to its end; the text says where it broke off."""


class Interrupted(BaseException):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def fresh_directory() -> Path:
    """An empty directory, always the same one (unless a demo is under way there): demos do not pile up."""
    usual = Path(tempfile.gettempdir()) / f"cumulet-demo-{os.getuid()}"
    usual.mkdir(mode=0o700, exist_ok=True)
    if usual.is_symlink() or usual.stat().st_uid != os.getuid() or held(usual):
        return Path(tempfile.mkdtemp(prefix="cumulet-demo-"))
    shutil.rmtree(usual)
    usual.mkdir(mode=0o700)
    return usual


class Show:
    """One walk of the road."""

    def __init__(self, data_dir: Path, display: Display) -> None:
        self.data_dir = data_dir
        self.display = display
        self.facts: dict[str, Any] = {}
        self.peak = 0
        self._last: deque[str] = deque(maxlen=40)

    def run(self) -> None:
        """Raises `Failed`, or `Interrupted` where a signal came; nothing runs any more in any case."""
        watch = Watch(self.data_dir)
        with _signals():
            try:
                self.display.begin("start")
                self._walk()
            except BaseException:
                self.display.fail()
                raise
            finally:
                watch.stop()
                self.display.close()
                self.peak = watch.peak

    def _walk(self) -> None:
        server = Child(self.data_dir)
        try:
            self.display.begin("ingest")
            with self._client(server.config) as client:
                if client.wait() != 0:
                    raise Failed(self.facts.get("error") or "\n".join(self._last))
        finally:
            _undisturbed()
            server.stop()

    @contextmanager
    def _client(self, config: Config) -> Iterator[subprocess.Popen[str]]:
        """The process of `client.py`, its facts and its words on their way to the display."""
        reading, writing = os.pipe()
        chosen = environment.variables(config, access.administrator(config), REGION)
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "cumulet.demo.client", str(writing)],
            env=environment.over(os.environ, chosen) | {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
            text=True,
            errors="replace",
        )
        os.close(writing)
        assert process.stdout
        listeners = [
            threading.Thread(target=self._note, args=(os.fdopen(reading),), daemon=True),
            threading.Thread(target=self._pass_on, args=(process.stdout,), daemon=True),
        ]
        for listener in listeners:
            listener.start()
        try:
            yield process
        finally:
            _undisturbed()
            process.kill()
            process.wait()
            for listener in listeners:
                listener.join(5)

    def _note(self, lines: TextIO) -> None:
        for line in lines:
            kind, value = json.loads(line)
            if kind == "step":
                self.display.begin(value)
            else:
                self.facts.update(value)

    def _pass_on(self, lines: TextIO) -> None:
        for line in lines:
            if text := line.rstrip():
                self._last.append(text)
                self.display.say(text)


@contextmanager
def _signals() -> Iterator[None]:
    def interrupt(number: int, frame: object) -> None:
        raise Interrupted(number)

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _undisturbed() -> None:
    """Further signals must not keep us from ending what we started."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
