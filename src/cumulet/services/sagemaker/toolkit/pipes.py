"""Pipe mode: each channel as a row of FIFOs, `input/data/<channel>_<epoch>`, filled as they are read.

    python pipes.py PLAN COMMAND...

makes the first FIFO of every channel, leaves a process behind that feeds them, and becomes the command. The
next epoch's FIFO appears when the one before is opened. PLAN is JSON that the server wrote: of each channel
its items, each a list of files and texts. Only the standard library is used here.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import random
import shutil
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

DATA = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml") / "input/data"
MAGIC = 0xCED7230A  # of a RecordIO record
LONGEST = (1 << 29) - 1
COPY = 1 << 20


def fifo(channel: str, epoch: int) -> Path:
    return DATA / f"{channel}_{epoch}"


def order(plan: dict[str, Any], epoch: int) -> Iterator[list[list[str]]]:
    """This host's items in an epoch; shuffled, another order and (of sharded data) others each time."""
    numbers = list(range(len(plan["items"])))
    if plan["seed"] is not None:
        random.Random(plan["seed"] + epoch).shuffle(numbers)
    return (plan["items"][number] for number in numbers[plan["part"] :: plan["parts"]])


def write_item(item: list[list[str]], plan: dict[str, Any], pipe: BinaryIO) -> None:
    for kind, value in item:
        if kind == "text":
            write_record(value.encode(), pipe)
        elif plan["wrapped"]:
            with opened(value, plan["packed"]) as file:
                write_record(file.read(), pipe)
        else:
            with opened(value, plan["packed"]) as file:
                shutil.copyfileobj(file, pipe, COPY)


def opened(path: str, packed: bool) -> Any:
    return gzip.open(path) if packed else open(path, "rb")  # noqa: PTH123


def write_record(data: bytes, pipe: BinaryIO) -> None:
    """MXNet's RecordIO: a magic number, the length, the bytes, filled up to four."""
    if len(data) > LONGEST:
        raise ValueError(f"A RecordIO record holds at most {LONGEST} bytes, not {len(data)}.")
    pipe.write(struct.pack("<II", MAGIC, len(data)) + data + b"\0" * (-len(data) % 4))


def feed(channel: str, plan: dict[str, Any]) -> None:
    """Epoch after epoch, for as long as the job lives; who reads may stop in the middle of one."""
    epoch = 0
    while True:
        with contextlib.suppress(BrokenPipeError), fifo(channel, epoch).open("wb", buffering=COPY) as pipe:
            os.mkfifo(fifo(channel, epoch + 1))
            for item in order(plan, epoch):
                write_item(item, plan, pipe)
        fifo(channel, epoch).unlink()
        epoch += 1


def leave_behind(channel: str, plan: dict[str, Any]) -> None:
    """A process of its own, in a session of its own, that the command does not know as its child."""
    if os.fork():
        os.wait()
        return
    os.setsid()
    if os.fork() == 0:
        try:
            feed(channel, plan)
        except Exception as error:
            print(f"The channel {channel} cannot be fed: {error}", file=sys.stderr, flush=True)
            os._exit(1)
    os._exit(0)


def main(plan: str, *command: str) -> None:
    told = json.loads(Path(plan).read_text())
    for channel in told:
        os.mkfifo(fifo(channel, 0))
        leave_behind(channel, told[channel])
    try:
        os.execvp(command[0], command)
    except OSError as error:  # as a shell says it
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        raise SystemExit(127) from None


if __name__ == "__main__":
    main(*sys.argv[1:])
