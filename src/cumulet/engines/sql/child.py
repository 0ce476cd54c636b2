"""A worker as the server sees it: a child process that is asked over its pipes, and asks back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, cast

from cumulet.engines.sql import frames
from cumulet.engines.sql.base import Cancelled, Lake, SqlError

GRACE = 3.0  # seconds that a cancelled query has to notice
Hear = Callable[[dict[str, Any]], None]  # what a worker tells on the way


class WorkerDied(SqlError):
    """The process of one query ended: killed, or out of memory."""

    def __init__(self, code: int | None) -> None:
        failed = code is not None and code > 0  # by itself; a signal is told as a negative number
        why = (
            "Its own words are in the server's log."
            if failed
            else "Query exhausted resources at this scale factor, or the process was killed."
        )
        text = f"The worker process of this query ended with code {code}. {why}"
        super().__init__("GENERIC_INTERNAL_ERROR", text, "system")


class Worker:
    """One child process, used by one thread at a time; `cancel` may come from another."""

    def __init__(self, folder: Path, memory: str, threads: int) -> None:
        self.folder = folder / uuid.uuid4().hex
        self.folder.mkdir(parents=True)
        command = [sys.executable, "-m", "cumulet.engines.sql.worker", str(self.folder), memory, str(threads)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, env=environment()
        )
        self.input = cast(BinaryIO, self.process.stdin)
        self.output = cast(BinaryIO, self.process.stdout)
        self.writing = threading.Lock()
        self.used = time.monotonic()
        self.cancelled = False

    def request(self, message: frames.Message, catalog: Lake | None = None, hear: Hear | None = None) -> Any:
        """Send a request, answer what the worker asks meanwhile, and return what it did."""
        self.cancelled = False
        self._send(message)
        while (reply := frames.read(self.output)) is not None:
            if "ask" in reply:
                self._send(answer(catalog, reply))
            elif "told" in reply:
                if hear:
                    hear(reply["told"])
            elif "error" in reply:
                raise SqlError(**reply["error"])
            elif "cancelled" in reply:
                raise Cancelled
            else:
                return reply["done"]
        code = self.process.wait()  # it has gone: nobody must find it alive afterwards
        raise Cancelled if self.cancelled else WorkerDied(code)

    def _send(self, message: frames.Message) -> None:
        try:
            with self.writing:
                frames.write(self.input, message)
        except BrokenPipeError:
            raise WorkerDied(self.process.wait()) from None

    def cancel(self) -> None:
        """Interrupt the query; if it does not notice, end the process."""
        if self.cancelled:
            return
        self.cancelled = True
        self._send({"do": "cancel"})
        timer = threading.Timer(GRACE, self._insist, (self.used,))
        timer.daemon = True
        timer.start()

    def _insist(self, since: float) -> None:
        if self.used == since:
            self.process.kill()

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.input.close()
        self.output.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def environment() -> dict[str, str]:
    """The server's own, less what would make a child of ours behave otherwise."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "DUCKDB"))},
        "PYTHONUNBUFFERED": "1",
    }


def answer(catalog: Lake | None, question: frames.Message) -> frames.Message:
    try:
        return {"answer": spelt(getattr(catalog, question["ask"])(*question["arguments"]))}
    except SqlError as error:
        return {"error": {"name": error.name, "message": error.message, "kind": error.kind}}
    except Exception as error:
        return {
            "error": {
                "name": "HIVE_METASTORE_ERROR",
                "message": f"{type(error).__name__}: {error}",
                "kind": "system",
            }
        }


def spelt(found: Any) -> Any:
    """What a catalog answers, as JSON can say it."""
    if isinstance(found, list | tuple):
        return [spelt(each) for each in found]
    return found if found is None or isinstance(found, str | float) else asdict(found)
