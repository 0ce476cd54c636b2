"""Asking an endpoint in-house: what sagemaker-runtime's operations are made of.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Iterator
from typing import Any

from cumulet.engines.serve import Answered, Broken, Gone, NotLoaded, Question, TimedOut
from cumulet.services import Later
from cumulet.services.sagemaker import multi_model, shadows
from cumulet.services.sagemaker.asking import CLOSED_SESSION, NEW_SESSION, Ask, result_of
from cumulet.services.sagemaker.fleet import Deployment, NoInstance, Taken, Throttled, fleet_of
from cumulet.services.sagemaker.resources import ENDPOINT, Resources
from cumulet.services.sagemaker.variants import Variant
from cumulet.store import haste
from cumulet.wire.errors import AwsError

SERVING = ("InService", "Updating", "RollingBack", "SystemUpdating")
AGAIN = 0.05  # seconds until an endpoint is looked for again that was just replaced


class Invocations(Resources):
    def ask_endpoint(self, ask: Ask) -> dict[str, Any] | Later:
        """Not an operation of AWS: the in-house way to a model, with InvokeEndpoint's result and errors."""
        if haste.in_haste():
            return Later(self._ask_soon(ask))
        began = time.monotonic()
        deployment, taken = self._taken(ask, began + ask.seconds)
        try:
            answered, seconds = self._answered(ask, taken, began + ask.seconds)
            return self._told(ask, deployment, taken, answered, began, seconds)
        finally:
            deployment.end(taken)

    def stream_endpoint(self, ask: Ask) -> dict[str, Any]:
        """The same, the answer's body piece by piece as the model makes it."""
        began = time.monotonic()
        deployment, taken = self._taken(ask, began + ask.seconds)
        try:
            worker = self._worker(ask, taken)
            answered, rest = worker.stream(self._question(ask, taken), ask.seconds)
        except (TimedOut, Gone, NotLoaded) as error:
            deployment.end(taken)
            failed = Answered(0 if isinstance(error, TimedOut) else 500, {}, _words(error).encode())
            return self._told(ask, deployment, taken, failed, began, time.monotonic() - began)
        if answered.status >= 400:
            deployment.end(taken)
            return self._told(ask, deployment, taken, answered, began, time.monotonic() - began)
        result = result_of(taken[0].name, answered)
        pieces = self._pieces(deployment, taken, answered, rest, began)
        return {name: result[name] for name in STREAM_MEMBERS} | {"Body": pieces}

    def _pieces(
        self, deployment: Deployment, taken: Taken, first: Answered, rest: Iterator[bytes], began: float
    ) -> Iterator[dict[str, Any]]:
        status = first.status
        try:
            for piece in itertools.chain([first.body], rest):
                if piece:
                    yield {"PayloadPart": {"Bytes": piece}}
        except TimedOut:
            status = 500
            raise _broken(
                "ModelInvocationTimeExceeded", "The model did not finish its answer in time."
            ) from None
        except (Broken, Gone) as error:
            status = 500
            raise _broken("StreamBroken", str(error)) from None
        finally:
            deployment.end(taken)
            taken[0].tally.count(status, time.monotonic() - began, 0.0)

    def _taken(self, ask: Ask, deadline: float) -> tuple[Deployment, Taken]:
        """An instance to ask; who has it must give it back."""
        while True:
            deployment = self._deployment(ask.endpoint, deadline)
            if taken := self._begin(ask, deployment):
                return deployment, taken
            time.sleep(AGAIN)

    def _begin(self, ask: Ask, deployment: Deployment) -> Taken | None:
        if deployment.asynchronous and not ask.later:
            raise AwsError(
                "ValidationError",
                f"Endpoint {ask.endpoint} is an asynchronous inference endpoint: use InvokeEndpointAsync.",
            )
        if ask.variant and ask.variant not in deployment.variants:
            raise AwsError(
                "ValidationError", f"Variant {ask.variant} of endpoint {ask.endpoint} was not found."
            )
        session = ask.session if ask.session != "NEW_SESSION" else None
        if session and session not in deployment.sessions:
            raise AwsError("ValidationError", f"Session {session} does not exist.")
        try:
            return deployment.begin(ask.variant, session)
        except Throttled:
            raise AwsError("ThrottlingException", "Rate exceeded", status=429) from None
        except NoInstance as variant:
            raise AwsError(
                "ValidationError",
                f"Variant {variant} of endpoint {ask.endpoint} has no instance at the moment.",
            ) from None

    def _deployment(self, name: str, deadline: float) -> Deployment:
        fleet, full = fleet_of(self.house), f"{self.caller.scope}/{name}"
        if found := fleet.present(full):
            return found
        body = self._get(ENDPOINT, name)
        if body is None or body["EndpointStatus"] not in SERVING:
            raise AwsError("ValidationError", f"Endpoint {name} of account {self.caller.account} not found.")
        if found := fleet.wait_for(full, deadline - time.monotonic()):
            return found
        raise AwsError(
            "ServiceUnavailable", f"Endpoint {name} is not up: the server is starting or stopping."
        )

    def _answered(self, ask: Ask, taken: Taken, deadline: float) -> tuple[Answered, float]:
        """What the model said, whatever it is, and in how many seconds."""
        began = time.monotonic()
        try:
            question = self._question(ask, taken)
            began = time.monotonic()
            if ask.container or taken[0].direct:
                answered = self._worker(ask, taken).ask(question, deadline - began)
            else:
                answered = _through(taken, question, deadline)
            if taken[0].multi_model:
                multi_model.count(taken, question, answered)
        except TimedOut as error:
            answered = Answered(0, {}, _words(error).encode())
        except (Gone, NotLoaded) as error:
            answered = Answered(500, {}, _words(error).encode())
        return answered, time.monotonic() - began

    def _worker(self, ask: Ask, taken: Taken) -> Any:
        variant, instance = taken
        if not ask.container:
            if variant.direct:
                raise AwsError(
                    "ValidationError", "TargetContainerHostname is required: the model is called directly."
                )
            return instance.worker
        if not variant.direct or ask.container not in instance.workers:
            raise AwsError(
                "ValidationError",
                f"No container {ask.container} of endpoint {ask.endpoint} can be called directly.",
            )
        return instance.workers[ask.container]

    def _question(self, ask: Ask, taken: Taken) -> Question:
        if not ask.model and not taken[0].multi_model:
            return Question(ask.body, ask.headers)
        return multi_model.question(self, ask, taken)

    def _ask_soon(self, ask: Ask) -> Awaitable[dict[str, Any]]:
        """On the event loop: only where a model is there and has nothing to wait for."""
        began = time.monotonic()
        if ask.model or ask.container or ask.session:
            raise haste.TakesTime
        deployment = fleet_of(self.house).plain(f"{self.caller.scope}/{ask.endpoint}")
        taken = self._begin(ask, deployment) if deployment else None
        if deployment is None or taken is None:
            raise haste.TakesTime
        question, loop = Question(ask.body, ask.headers), asyncio.get_running_loop()
        coming = taken[1].worker.ask_soon(question, loop, ask.seconds)
        if coming is None:
            deployment.end(taken)
            raise haste.TakesTime
        return self._await(ask, deployment, taken, coming, began)

    async def _await(
        self,
        ask: Ask,
        deployment: Deployment,
        taken: Taken,
        coming: asyncio.Future[Answered],
        began: float,
    ) -> dict[str, Any]:
        worker = taken[1].worker
        run, asked = worker.run, time.monotonic()
        try:
            try:
                answered = await coming
            except TimedOut as late:
                await asyncio.to_thread(worker.late, run, began)
                answered = Answered(0, {}, _words(late).encode())
            except Gone as gone:
                words = await asyncio.to_thread(worker.cause, run, gone)
                answered = Answered(500, {}, _words(words).encode())
            return self._told(ask, deployment, taken, answered, began, time.monotonic() - asked)
        finally:
            deployment.end(taken)

    def _told(
        self,
        ask: Ask,
        deployment: Deployment,
        taken: Taken,
        answered: Answered,
        began: float,
        seconds: float,
    ) -> dict[str, Any]:
        """Count and note what happened; then the result, or the model's error."""
        variant, instance = taken
        status = answered.status or 500
        variant.tally.count(status, seconds, time.monotonic() - began - seconds)
        if deployment.capture:
            deployment.capture.note(variant.name, ask, answered, self.caller.request_id, self.house.clock())
        if deployment.shadows:
            shadows.copy(deployment, Question(ask.body, ask.headers))
        if answered.status >= 400 or not answered.status:
            message = answered.body.decode(errors="replace")
            raise self._model_error(ask, variant, instance.name, answered.status, message)
        _note_session(deployment, taken, answered)
        return result_of(variant.name, answered)

    def _model_error(self, ask: Ask, variant: Variant, instance: str, status: int, message: str) -> AwsError:
        """The model's own no, as AWS wraps it: HTTP 424, the model's status and words inside."""
        group, stream = f"/aws/sagemaker/Endpoints/{ask.endpoint}", f"{variant.name}/{instance}"
        side = "client" if 400 <= status < 500 else "server"
        return AwsError(
            "ModelError",
            f'Received {side} error ({status}) from {ask.container or "primary"} with message "{message}". '
            f"See the log group {group} in account {self.caller.account} for more information.",
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=self.arn(f"log-group:{group}:log-stream:{stream}", "logs"),
        )


STREAM_MEMBERS = ("ContentType", "InvokedProductionVariant", "CustomAttributes")
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def _words(error: Exception) -> str:
    return TIMED_OUT if isinstance(error, TimedOut) else f"the model's process ended: {error}"


def _through(taken: Taken, question: Question, deadline: float) -> Answered:
    """One container after the other, each asked what the one before it answered."""
    answered = Answered(200, {}, question.body)
    for place, worker in enumerate(taken[1].workers.values()):
        if place:
            kind = answered.headers.get("content-type", "")
            question = Question(answered.body, {**question.headers, "content-type": kind})
        answered = worker.ask(question, max(0.0, deadline - time.monotonic()))
        if answered.status >= 400:
            break
    return answered


def _note_session(deployment: Deployment, taken: Taken, answered: Answered) -> None:
    """A container that keeps state per client says when a session begins and ends."""
    if begun := answered.headers.get(NEW_SESSION):
        deployment.sessions[begun.partition(";")[0].strip()] = taken
    if over := answered.headers.get(CLOSED_SESSION):
        deployment.sessions.pop(over, None)


def _broken(code: str, message: str) -> AwsError:
    return AwsError("ModelStreamError", message, ErrorCode=code)
