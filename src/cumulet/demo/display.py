"""What a person sees while the road is walked: a line per step, alive on a terminal, plain elsewhere."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from typing import TextIO

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
DIM, BOLD, GREEN, RED, RESET, CLEAR = "\x1b[2m", "\x1b[1m", "\x1b[32m", "\x1b[31m", "\x1b[0m", "\r\x1b[2K"

STEPS = {
    "start": "Cumulet starts on a free port",
    "ingest": "the clients load; raw reviews go to S3 (boto3)",
    "crawl": "a Glue crawler finds their schema (boto3)",
    "explore": "Athena explores them (awswrangler, PyAthena)",
    "clean": "a Glue python-shell job cleans and splits them",
    "train": "SageMaker trains scikit-learn on them (sagemaker SDK)",
    "deploy": "an endpoint answers (sagemaker SDK, curl)",
}


class Display:
    """The steps so far, and the one under way with its seconds."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream
        self.live = stream.isatty()
        self.times: dict[str, float] = {}
        self.name = ""
        self.begun = 0.0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        if self.live:
            self._ticker.start()

    def begin(self, name: str) -> None:
        """End the step under way, and begin the next ("": there is none)."""
        with self._lock:
            if name == self.name:
                return
            if self.name:
                self.times[self.name] = time.perf_counter() - self.begun
                self._print(self._line("✓", GREEN))
            self.name, self.begun = name, time.perf_counter()
            if name and not self.live:
                self._print(f"{self._number()} {STEPS[name]} ...")

    def say(self, text: str) -> None:
        """Something that a client or a job printed."""
        with self._lock:
            width = shutil.get_terminal_size().columns - 8
            self._print(f"      {DIM}{text[:width]}{RESET}" if self.live else f"      {text}")

    def fail(self) -> None:
        with self._lock:
            if self.name:
                self._print(self._line("✗", RED))
            self.name = ""

    def close(self) -> None:
        self._closed.set()
        if self.live:
            self._ticker.join()

    def _number(self) -> str:
        return f"{list(STEPS).index(self.name) + 1}/{len(STEPS) + 1}"

    def _line(self, mark: str, colour: str) -> str:
        seconds = f"{time.perf_counter() - self.begun:6.1f} s"
        if not self.live:
            return f"{self._number()} {mark} {STEPS[self.name]:<56}{seconds}"
        return f"{self._number()} {colour}{mark}{RESET} {STEPS[self.name]:<56}{DIM}{seconds}{RESET}"

    def _print(self, line: str) -> None:
        self.stream.write(f"{CLEAR}{line}\n" if self.live else f"{line}\n")
        self.stream.flush()

    def _tick(self) -> None:
        turn = 0
        while not self._closed.wait(0.1):
            turn += 1
            with self._lock:
                if self.name:
                    self.stream.write(CLEAR + self._line(SPINNER[turn % len(SPINNER)], BOLD))
                    self.stream.flush()
