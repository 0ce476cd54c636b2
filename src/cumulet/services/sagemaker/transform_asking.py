"""The model of a transform: as many processes as the job has instances, each asked so many things at a time."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cumulet.engines.serve import Answered, Gone, NotLoaded, Question, TimedOut, Worker
from cumulet.services.sagemaker.transform_request import concurrency

TIMEOUT, RETRIES = 600, 3  # where ModelClientConfig does not say


class Refused(Exception):
    """The model did not answer, or answered no: what AWS calls it, its status, and its words."""

    def __init__(self, kind: str, status: int, message: str) -> None:
        super().__init__(f"{kind}: {status}: {message}")
        self.kind = kind
        self.status = status
        self.message = message


@dataclass(slots=True)
class Model:
    """The processes of all instances. One instance has one for each container, asked one after the other."""

    request: dict[str, Any]
    instances: list[list[Worker]]
    slots: queue.SimpleQueue[list[Worker]] = field(default_factory=queue.SimpleQueue)

    def open(self) -> None:
        """All instances are there: they may be asked."""
        for _ in range(concurrency(self.request)):
            for workers in self.instances:
                self.slots.put(workers)

    @property
    def at_once(self) -> int:
        return concurrency(self.request) * len(self.instances)

    def ready(self, seconds: float) -> bool:
        """Whether all can be asked, after so many seconds at most; `NotLoaded` where one never will."""
        return all(worker.wait_ready(seconds) for workers in self.instances for worker in workers)

    def ask(self, body: bytes) -> bytes:
        """The model's answer; where it fails by itself it is asked again, as often as was said."""
        workers = self.slots.get()
        try:
            for left in range(self._retries, -1, -1):
                try:
                    return self._ask(workers, body)
                except Refused as refused:
                    if refused.kind == "ClientError" or not left:
                        raise
            raise AssertionError("unreachable")
        finally:
            self.slots.put(workers)

    @property
    def _retries(self) -> int:
        given: dict[str, int] = self.request.get("ModelClientConfig", {})
        return given.get("InvocationsMaxRetries", RETRIES)

    def _ask(self, workers: Sequence[Worker], body: bytes) -> bytes:
        content_type = self.request["TransformInput"].get("ContentType", "")
        seconds = self.request.get("ModelClientConfig", {}).get("InvocationsTimeoutInSeconds", TIMEOUT)
        accept = self.request["TransformOutput"].get("Accept", "")
        for number, worker in enumerate(workers, 1):
            headers = {"content-type": content_type, "accept": accept if number == len(workers) else ""}
            answered = _answer(worker, Question(body, headers), seconds)
            body, content_type = answered.body, answered.headers.get("content-type", content_type)
        return body

    def close(self) -> None:
        for workers in self.instances:
            for worker in workers:
                worker.close()


def _answer(worker: Worker, question: Question, seconds: float) -> Answered:
    try:
        answered = worker.ask(question, seconds)
    except TimedOut as error:
        raise Refused("AlgorithmError", 0, str(error)) from None
    except (Gone, NotLoaded) as error:
        raise Refused("AlgorithmError", 500, f"the model's process ended: {error}") from None
    if answered.status >= 400:
        kind = "ClientError" if answered.status < 500 else "AlgorithmError"
        raise Refused(kind, answered.status, answered.body.decode(errors="replace"))
    return answered
