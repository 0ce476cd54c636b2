"""What a transform job does between its promise and its end: a job of the house's supervisor.

The model's processes are those of an endpoint, with the same handlers, and end with the job. An output is in
S3 as soon as its file is done; after a restart, in whichever way, only the files that are not done are.
"""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cumulet.engines.run.environments import CannotBuild
from cumulet.engines.serve import NotLoaded, Worker, clear
from cumulet.jobs import Job, Suspended
from cumulet.services.sagemaker import lake, sources
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.courses import TRANSFORM, Body
from cumulet.services.sagemaker.endpoint_log import EndpointLog
from cumulet.services.sagemaker.hosting import Hosting
from cumulet.services.sagemaker.instances import Instances
from cumulet.services.sagemaker.room import Interrupted, Room
from cumulet.services.sagemaker.sources import Named
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.services.sagemaker.transform_asking import Model
from cumulet.services.sagemaker.transform_files import Files, Output
from cumulet.services.sagemaker.transform_jobs import TransformJobs
from cumulet.services.sagemaker.transform_joining import Joining
from cumulet.services.sagemaker.transform_request import DEFAULT_PAYLOAD, concurrency
from cumulet.wire.errors import AwsError

LOG_GROUP = "/aws/sagemaker/TransformJobs"
LOADING = 600.0  # seconds that a model may take to load
LOOK = 0.1
DONE = "done"  # the names of the files that are in S3, a JSON string a line


class Transform(TransformJobs, Hosting, Room):
    """The work behind CreateTransformJob."""

    def run_transform_job(self, job: Job) -> None:
        body = self._get(TRANSFORM.kind, job.payload["name"])
        try:
            if body and not TRANSFORM.ended(body):
                self._transform(job, body)
        finally:
            self._leave_room(job, self.house.config.ray_address)
        self._clear_transform(job)

    def run_transform_job_failed(self, job: Job, error: str) -> None:
        self._end_job(TRANSFORM, job.payload["name"], "Failed", f"InternalServerError: {error}")
        self._clear_transform(job)

    def _transform(self, job: Job, body: Body) -> None:
        name, say = body["TransformJobName"], lambda line: self._note(body, line)
        try:
            if job.stopping:
                raise Interrupted
            self._wait_for_room(job, name, body["TransformResources"], say, self.house.config.ray_address)
            with self._loaded(job, body) as model:
                failures = self._transform_all(job, body, model)
        except Interrupted:
            if job.leaving and not job.stopping:
                raise Suspended from None
            return self._end_job(TRANSFORM, name, "Stopped")
        except (NotLoaded, CannotBuild) as error:
            reason = f"AlgorithmError: the model did not pass the ping health check: {error}"
            return self._end_job(TRANSFORM, name, "Failed", reason)
        except (lake.CannotStage, AwsError) as error:
            return self._end_job(TRANSFORM, name, "Failed", f"ClientError: {error}")
        if failures:
            reason = f"{failures[0]}: See job logs for more information"
            return self._end_job(TRANSFORM, name, "Failed", reason)
        return self._end_job(TRANSFORM, name, "Completed")

    def _clear_transform(self, job: Job) -> None:
        folder = self._transform_folder(job)
        for place in folder.glob("*/"):
            clear(place)
        lake.remove(folder)

    def _transform_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/transforms" / job.id

    # The model

    @contextlib.contextmanager
    def _loaded(self, job: Job, body: Body) -> Iterator[Model]:
        """The model's processes, ready; ended when this is left, however that happens."""
        model = Model(body, [])
        try:
            for number in range(body["TransformResources"]["InstanceCount"]):
                model.instances.append(self._instance(job, body, number))
            model.open()
            self._wait_loaded(job, model)
            yield model
        finally:
            model.close()

    def _wait_loaded(self, job: Job, model: Model) -> None:
        deadline = self._now() + LOADING
        while not model.ready(LOOK):
            if job.stopping or job.leaving:
                raise Interrupted
            if self._now() > deadline:
                raise NotLoaded("the model was not loaded in time")

    def _instance(self, job: Job, body: Body, number: int) -> list[Worker]:
        """The processes of one instance, one for each of the model's containers."""
        found = []
        kind = body["TransformResources"]["InstanceType"]
        memory = Instances(self.store.directory).size(kind).memory or None
        for place, definition in enumerate(body["containers"]):
            container = Container(self._transform_folder(job) / f"model-{number}-{place}")
            own = {**definition.get("Environment", {}), **body.get("Environment", {})}
            environment = {**own, "SAGEMAKER_BATCH": "true"}  # by which some containers answer otherwise
            wanted = {"container": {**definition, "Environment": environment}, "role": body["role"]}
            self._lay_out_model(wanted, container)
            stream = _stream(body, number)
            stream += f"/{definition['ContainerHostname']}" if len(body["containers"]) > 1 else ""
            log = EndpointLog(self.other("logs"), LOG_GROUP, stream)
            found.append(Worker(self._program(wanted, container, log, memory, kind), log))
        return found

    # The files

    def _transform_all(self, job: Job, body: Body, model: Model) -> list[str]:
        """Transform what is not done yet; what kinds of errors there were."""
        folder = self._transform_folder(job)
        (folder / "out").mkdir(exist_ok=True)
        self._begin_transform(body)
        found = self._inputs(body)
        done = _read_done(folder / DONE)
        files = Files(
            request=body,
            model=model,
            joining=Joining.of(body, self.house.clock),
            folder=folder / "out",
            finish=lambda output: self._store(body, output, folder / DONE),
            say=lambda line: self._note(body, line),
        )
        files.transform([one for one in found if one.name not in done], lambda: job.stopping or job.leaving)
        if job.stopping or job.leaving:
            raise Interrupted
        self._capture_transform(body, found)
        return files.failures

    def _begin_transform(self, body: Body) -> None:
        self._record_job(TRANSFORM, body["TransformJobName"], TRANSFORM.begin)
        size, strategy = body.get("MaxPayloadInMB", DEFAULT_PAYLOAD), body.get("BatchStrategy", "MultiRecord")
        told = {"MultiRecord": "MULTI_RECORD", "SingleRecord": "SINGLE_RECORD"}[strategy]
        at_once = concurrency(body)
        self._note(body, f"MaxConcurrentTransforms={at_once}, MaxPayloadInMB={size}, BatchStrategy={told}")

    def _inputs(self, body: Body) -> list[Named]:
        source = body["TransformInput"]["DataSource"]["S3DataSource"]
        return sources.listed(self.other("s3"), source["S3Uri"], source["S3DataType"])

    def _store(self, body: Body, output: Output, done: Path) -> None:
        """An output that is whole, into S3; remembered, so that it is not made again."""
        bucket, prefix = split_uri(body["TransformOutput"]["S3OutputPath"])
        key = "/".join(filter(None, [prefix.rstrip("/"), f"{output.source.name}.out"]))
        sealed = lake.encryption(body["TransformOutput"].get("KmsKeyId", ""))
        self.other("s3").put_object(Bucket=bucket, Key=key, Body=output.path, **sealed)
        with done.open("a") as file:
            file.write(json.dumps(output.source.name) + "\n")

    def _note(self, body: Body, line: str) -> None:
        """A line of the transform's own log, beside that of its model."""
        stamp = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        said = "\n".join(f"{stamp}:[sagemaker logs]: {one}" for one in line.splitlines())
        self.other("logs").say(LOG_GROUP, f"{_stream(body, 0)}/data-log", said)

    def _capture_transform(self, body: Body, found: list[Named]) -> None:
        """Manifests of what went in and came out, below the hour in which it did.

        https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
        """
        config: dict[str, Any] = body.get("DataCaptureConfig", {})
        if not config:
            return
        bucket, prefix = split_uri(config["DestinationS3Uri"])
        hour = datetime.fromtimestamp(self._now(), UTC).strftime("%Y/%m/%d/%H")
        inputs = [{"prefix": f"s3://{found[0].bucket}/"}, *(one.key for one in found)] if found else []
        place = body["TransformOutput"]["S3OutputPath"].rstrip("/")
        outputs = [{"prefix": f"{place}/"}, *(f"{one.name}.out" for one in found)]
        for side, manifest in (("input", inputs), ("output", outputs)):
            parts = [prefix.rstrip("/"), side, hour, f"{uuid.uuid4()}.json"]
            key, text = "/".join(filter(None, parts)), json.dumps(manifest).encode()
            self.other("s3").put_object(Bucket=bucket, Key=key, Body=text)


def _stream(body: Body, number: int) -> str:
    name = f"{body['TransformJobName']}/{number}"
    instance = uuid.uuid5(uuid.NAMESPACE_OID, f"{name}/{body['CreationTime']}").hex[:17]
    return f"{body['TransformJobName']}/i-{instance}"


def _read_done(path: Path) -> set[str]:
    """Names whose line is whole: the last one may have been cut off."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {json.loads(line) for line in lines if line.endswith('"') and len(line) > 1}
