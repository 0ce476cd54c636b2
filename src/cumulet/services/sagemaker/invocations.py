"""Asking an endpoint in-house: what sagemaker-runtime's InvokeEndpoint is made of."""

from __future__ import annotations

import time
from typing import Any

from cumulet.engines.serve import Answered, Gone, NotLoaded, Question, TimedOut
from cumulet.services.sagemaker.fleet import Deployment, Instance, Variant, fleet_of
from cumulet.services.sagemaker.resources import ENDPOINT, Resources
from cumulet.wire.errors import AwsError

LIMIT = 60.0  # seconds for an answer, as on AWS
CUSTOM = "x-amzn-sagemaker-custom-attributes"
SERVING = ("InService", "Updating", "RollingBack", "SystemUpdating")


class Invocations(Resources):
    def ask_endpoint(
        self, name: str, body: bytes, headers: dict[str, str], target: str | None
    ) -> dict[str, Any]:
        """Not an operation of AWS: the in-house way to a model, with InvokeEndpoint's result and errors."""
        deadline = time.monotonic() + LIMIT
        while True:
            deployment = self._deployment(name, deadline)
            if target and target not in deployment.variants:
                raise AwsError("ValidationError", f"Variant {target} of endpoint {name} was not found.")
            with deployment.take(target) as taken:
                if taken:
                    return self._answer(name, taken, Question(body, headers), deadline)

    def _deployment(self, name: str, deadline: float) -> Deployment:
        found = self._get(ENDPOINT, name)
        if found is None or found["EndpointStatus"] not in SERVING:
            raise AwsError("ValidationError", f"Endpoint {name} of account {self.caller.account} not found.")
        fleet = fleet_of(self.house)
        deployment = fleet.wait_for(f"{self.caller.scope}/{name}", deadline - time.monotonic())
        if deployment is None:
            raise AwsError(
                "ServiceUnavailable", f"Endpoint {name} is not up: the server is starting or stopping."
            )
        return deployment

    def _answer(
        self, name: str, taken: tuple[Variant, Instance], question: Question, deadline: float
    ) -> dict[str, Any]:
        variant, instance = taken
        stream = f"{variant.name}/{instance.name}"
        try:
            answered = instance.worker.ask(question, max(0.0, deadline - time.monotonic()))
        except TimedOut:
            raise self._model_error(name, stream, 0, TIMED_OUT) from None
        except (Gone, NotLoaded) as error:
            raise self._model_error(name, stream, 500, f"the model's process ended: {error}") from None
        if answered.status >= 400:
            raise self._model_error(name, stream, answered.status, answered.body.decode(errors="replace"))
        return _result(variant.name, answered)

    def _model_error(self, endpoint: str, stream: str, status: int, message: str) -> AwsError:
        """The model's own no, as AWS wraps it: HTTP 424, the model's status and words inside."""
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        side = "client" if 400 <= status < 500 else "server"
        return AwsError(
            "ModelError",
            f'Received {side} error ({status}) from primary with message "{message}". '
            f"See the log group {group} in account {self.caller.account} for more information.",
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=self.arn(f"log-group:{group}:log-stream:{stream}", "logs"),
        )


TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency "
    "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
)


def _result(variant: str, answered: Answered) -> dict[str, Any]:
    return {
        "Body": answered.body,
        "ContentType": answered.headers.get("content-type", "application/octet-stream"),
        "InvokedProductionVariant": variant,
        "CustomAttributes": answered.headers.get(CUSTOM),
    }
