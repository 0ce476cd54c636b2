"""Asynchronous inferences: promised on disk, answered from S3 to S3 by the endpoint's own keeper.

A request is a record until its answer lies in S3, so neither a killed server nor an endpoint that is being
updated loses one; at worst a model is asked twice.

https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference.html
"""

from __future__ import annotations

import base64
import logging
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cumulet.services.sagemaker.asking import Ask, headers_of
from cumulet.services.sagemaker.fleet import Deployment, fleet_of
from cumulet.services.sagemaker.invocations import SERVING, Invocations
from cumulet.services.sagemaker.resources import ENDPOINT, INFERENCE
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.wire.errors import AwsError

AT_A_TIME = 4  # questions to one instance, where MaxConcurrentInvocationsPerInstance does not say
TTL = 6 * 3600.0  # seconds that a request may wait
LIMIT = 15 * 60.0  # seconds that an answer may take
LARGEST = 1 << 30

log = logging.getLogger(__name__)


class Backlog:
    """What the keeper of one endpoint has under way. Safe to use from any thread."""

    def __init__(self) -> None:
        self.pool: ThreadPoolExecutor | None = None
        self.lock = threading.Lock()
        self.taken: set[str] = set()

    def room(self, most: int) -> int:
        with self.lock:
            return most - len(self.taken)

    def begin(self, name: str) -> bool:
        with self.lock:
            fresh = name not in self.taken
            self.taken.add(name)
            return fresh

    def end(self, name: str) -> None:
        with self.lock:
            self.taken.discard(name)

    def submit(self, act: Any, *arguments: Any) -> None:
        self.pool = self.pool or ThreadPoolExecutor(256, thread_name_prefix="inference")
        self.pool.submit(act, *arguments)

    def close(self) -> None:
        if self.pool:
            self.pool.shutdown(wait=False, cancel_futures=True)


class AsyncInferences(Invocations):
    def ask_endpoint_later(
        self,
        endpoint: str,
        given: tuple[str, bytes],
        headers: tuple[str, str, str],
        inference_id: str | None,
        seconds: tuple[float | None, float | None],
        named: tuple[str, str],
    ) -> dict[str, Any]:
        """Not an operation of AWS: the in-house way to an asynchronous inference.

        `given` is where its input lies, or the input itself; `headers` are content type, accept and custom attributes;
        `seconds` what the request may wait and take; `named` its output's extension and name.
        """
        config = self._async_config(endpoint)
        location, body_given = given
        _check_input(location, body_given)
        identity, now = str(uuid.uuid4()), self.house.clock()
        output = config["OutputConfig"]
        extension, file = named
        body = {
            "endpoint": endpoint,
            "input": location,
            "given": base64.b64encode(body_given).decode(),
            "headers": headers_of(*headers),
            "id": inference_id or identity,
            "expires": now + (seconds[0] or TTL),
            "seconds": seconds[1] or LIMIT,
            "output": _place(output["S3OutputPath"], extension, file or f"{identity}.out"),
            "failure": output.get("S3FailurePath")
            and _place(output["S3FailurePath"], extension, f"{identity}-error.out"),
        }
        self._put(INFERENCE, f"{endpoint}/{now:017.6f}-{identity}", body)
        fleet_of(self.house).wake(f"{self.caller.scope}/{endpoint}")
        return {
            "InferenceId": body["id"],
            "OutputLocation": body["output"],
            "FailureLocation": body["failure"],
        }

    def _async_config(self, endpoint: str) -> dict[str, Any]:
        body = self._get(ENDPOINT, endpoint)
        if body is None or body["EndpointStatus"] not in SERVING:
            raise AwsError(
                "ValidationError", f"Endpoint {endpoint} of account {self.caller.account} not found."
            )
        config: dict[str, Any] | None = body.get("AsyncInferenceConfig")
        if not config:
            raise AwsError(
                "ValidationError", f"Endpoint {endpoint} is not an asynchronous inference endpoint."
            )
        return config

    def _work_backlog(self, endpoint: str, deployment: Deployment, backlog: Backlog) -> int:
        """Begin as many of the waiting requests as there is room for; how many wait besides."""
        config = (self._get(ENDPOINT, endpoint) or {}).get("AsyncInferenceConfig")
        if not config:
            return 0
        each = config.get("ClientConfig", {}).get("MaxConcurrentInvocationsPerInstance", AT_A_TIME)
        most = each * sum(len(variant.staying) for variant in deployment.variants.values())
        kind, scope = f"sagemaker.{INFERENCE}", self.caller.scope
        waiting = self.store.records.list(kind, scope, prefix=f"{endpoint}/", limit=most + 1000)
        for name, body in waiting:
            if backlog.room(most) <= 0:
                break
            if backlog.begin(name):
                backlog.submit(self._infer, name, body, deployment, backlog)
        return max(0, len(waiting) - len(backlog.taken))

    def _infer(self, name: str, body: dict[str, Any], deployment: Deployment, backlog: Backlog) -> None:
        try:
            if not deployment.closed:
                self._finish(name, body)
        except Exception:
            log.exception("the asynchronous inference %s is tried again", name)
        finally:
            backlog.end(name)
            deployment.wake()

    def _finish(self, name: str, body: dict[str, Any]) -> None:
        """Ask, and put the answer or the failure into S3; then the request is forgotten."""
        if self._get(INFERENCE, name) is None:
            return  # another keeper, that of an updated endpoint, was quicker
        try:
            answer = self._ask_for(body)
        except AwsError as error:
            if error.code in ("ServiceUnavailable", "ThrottlingException"):
                raise
            if body["failure"]:
                self._put_object(body["failure"], f"{error.code}: {error.message}".encode(), "text/plain")
        else:
            self._put_object(body["output"], answer["Body"], answer["ContentType"])
        self._delete(INFERENCE, name)

    def _ask_for(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.house.clock() > body["expires"]:
            raise AwsError("RequestExpired", "The request waited longer than its RequestTTLSeconds.")
        data, kind = self._input(body)
        headers = dict(body["headers"])
        headers["content-type"] = headers["content-type"] or kind
        more: dict[str, Any] = {"inference_id": body["id"], "seconds": body["seconds"], "later": True}
        answer: dict[str, Any] = self.ask_endpoint(Ask(body["endpoint"], data, headers, **more))  # type: ignore[assignment]
        return answer

    def _input(self, body: dict[str, Any]) -> tuple[bytes, str]:
        """What is asked, and its type as far as S3 knows it."""
        if given := body.get("given"):
            return base64.b64decode(given), ""
        bucket, key = split_uri(body["input"])
        found = self.other("s3").get_object(Bucket=bucket, Key=key)
        if found["ContentLength"] > LARGEST:
            raise AwsError("ValidationError", f"{body['input']} is larger than 1 GB.")
        return _bytes(found["Body"]), found.get("ContentType", "")

    def _put_object(self, uri: str, data: bytes, content_type: str) -> None:
        bucket, key = split_uri(uri)
        self.other("s3").put_object(Bucket=bucket, Key=key, Body=data, ContentType=content_type)


def _check_input(location: str, given: bytes) -> None:
    if bool(location) == bool(given):
        raise AwsError("ValidationError", "Exactly one of Body and InputLocation must be given.")
    if given:
        return
    if not location.startswith("s3://") or not split_uri(location)[1]:
        raise AwsError(
            "ValidationError", f"InputLocation must be the URI of an object in S3, not {location}."
        )


def _place(prefix: str, extension: str, name: str) -> str:
    return "/".join(filter(None, [prefix.rstrip("/"), extension.strip("/"), name]))


def _bytes(body: Any) -> bytes:
    """A body as get_object gives it in-house: bytes, a span of a file, or pieces."""
    if isinstance(body, bytes):
        return body
    return bytes(body.read()) if hasattr(body, "read") else b"".join(body)
