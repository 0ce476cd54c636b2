"""How much memory the whole road takes: the demo, its server, its clients and every job together."""

from __future__ import annotations

import threading
from pathlib import Path

import psutil

EVERY = 0.25  # seconds


class Watch:
    """The highest sum of resident memory seen, by a thread that looks again and again."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = str(data_dir)
        self.peak = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            self.peak = max(self.peak, sum(map(_resident, self._ours())))

    def _ours(self) -> set[psutil.Process]:
        """Our children and theirs, and whatever runs for the data directory on its own feet."""
        own = psutil.Process()
        return {own, *own.children(recursive=True), *processes_of(self.data_dir)}


def processes_of(data_dir: str) -> set[psutil.Process]:
    """Processes that have a data directory in their command line, with their children."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter(["cmdline"]):
        if any(data_dir in word for word in process.info["cmdline"] or ()):
            found |= {process, *_children(process)}
    return found


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0
