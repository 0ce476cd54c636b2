"""The files of a transform on their way: cut, asked about, put together again, and stored one by one.

Requests of several files are under way at a time, but answers are taken in the order of the questions, so
an output file has its records in the order of the input. One file that cannot be done does not stop others.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from cumulet.services.sagemaker.sources import Named
from cumulet.services.sagemaker.transform_asking import Model, Refused
from cumulet.services.sagemaker.transform_joining import CannotJoin, Joining
from cumulet.services.sagemaker.transform_records import Unreadable, batches, joint
from cumulet.services.sagemaker.transform_request import limit

AHEAD = 2  # requests that are prepared for each that can be under way

Say = Callable[[str], None]


@dataclass(slots=True)
class Output:
    """What comes of one input file."""

    source: Named
    path: Path
    lines: bool
    stream: BinaryIO
    error: str = ""

    def add(self, parts: Sequence[bytes]) -> None:
        for part in parts:
            self.stream.write(part)
            if self.lines and not part.endswith(b"\n"):
                self.stream.write(b"\n")


@dataclass(slots=True)
class Files:
    """All files of one job. `finish` is given each output that is whole; `say` each reason why one is not."""

    request: dict[str, Any]
    model: Model
    joining: Joining
    folder: Path
    finish: Callable[[Output], None]
    say: Say
    failures: list[str] = field(default_factory=list)  # ClientError, AlgorithmError: one for each lost file

    def transform(self, found: Sequence[Named], stopping: Callable[[], bool]) -> None:
        waiting: deque[tuple[Output, list[bytes], Future[bytes] | None]] = deque()
        with ThreadPoolExecutor(self.model.at_once, thread_name_prefix="transform") as pool:
            for number, source in enumerate(found):
                output = self._open(source, number)
                for records in self._batches(output):
                    waiting.append((output, records, pool.submit(self._ask, records)))
                    while len(waiting) > AHEAD * self.model.at_once:
                        self._take(*waiting.popleft())
                    if output.error:  # it will have no output: its other records need not be asked about
                        break
                    if stopping():
                        pool.shutdown(cancel_futures=True)
                        return
                waiting.append((output, [], None))
            while waiting and not stopping():
                self._take(*waiting.popleft())
            pool.shutdown(cancel_futures=True)

    def _open(self, source: Named, number: int) -> Output:
        path = self.folder / str(number)
        lines = self.request["TransformOutput"].get("AssembleWith") == "Line"
        return Output(source, path, lines, path.open("wb"))

    def _batches(self, output: Output) -> Iterator[list[bytes]]:
        given = self.request["TransformInput"]
        try:
            yield from batches(
                output.source.path,
                packed=given.get("CompressionType") == "Gzip",
                split=given["SplitType"],
                single=self.request.get("BatchStrategy") == "SingleRecord",
                limit=limit(self.request),
            )
        except (Unreadable, OSError) as error:
            self._fail(output, "ClientError", str(error))

    def _ask(self, records: Sequence[bytes]) -> bytes:
        sent = [self.joining.sent(record) for record in records]
        return self.model.ask(joint(self.request["TransformInput"]["SplitType"]).join(sent))

    def _take(self, output: Output, records: list[bytes], future: Future[bytes] | None) -> None:
        """The next answer, in order; behind a file's last one the file is whole."""
        if future is None:
            output.stream.close()
            if not output.error:
                self.finish(output)
            output.path.unlink(missing_ok=True)
            return
        try:
            answer = future.result()
            output.add([answer] if self.joining.plain else self.joining.stored(records, answer))
        except Refused as refused:
            self._fail(output, refused.kind, f"{refused.status}: {refused.message}")
        except CannotJoin as error:
            self._fail(output, "ClientError", str(error))

    def _fail(self, output: Output, kind: str, message: str) -> None:
        """An output with a record missing would be out of order: there is none, as on AWS."""
        if not output.error:
            output.error = message
            self.failures.append(kind)
            place = f"{output.source.bucket}/{output.source.key}"
            self.say(f"{place}: {kind}: {message}")
