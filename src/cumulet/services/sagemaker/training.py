"""What a training job does between its promise and its end: a job of the house's supervisor.

Its phases are SageMaker's own: Downloading (the channels are laid out), Training (the script runs in a
process that outlives a killed server and is taken over by the next), Uploading (the model goes to S3).
A server that is shut down in order stops the script first, and the next one starts it over; what the
script saved as checkpoints is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from cumulet.engines import run as engine
from cumulet.jobs import Job, Suspended
from cumulet.services.roles import HOUR
from cumulet.services.sagemaker import images, lake
from cumulet.services.sagemaker.container import HOST, Container
from cumulet.services.sagemaker.metrics import Metrics
from cumulet.services.sagemaker.progress import ended, enter, fail
from cumulet.services.sagemaker.resources import TRAINING_JOB
from cumulet.services.sagemaker.surroundings import Surroundings
from cumulet.services.sagemaker.training_request import ROOT, split_uri
from cumulet.wire.errors import AwsError

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
GRACE = 120.0  # seconds between SIGTERM and SIGKILL, as on AWS
LOOK = 0.2  # seconds between two looks at the log
PATIENCE = 10.0  # seconds that a shutdown waits for the script
RESTARTS = 5  # of a job whose machine went down under it, where RetryStrategy does not say
TOOLKIT = Path(__file__).parent / "toolkit/training.py"
CHECKPOINTS = f"{ROOT}/checkpoints"
TENSORBOARD = f"{ROOT}/output/tensorboard"

Change = Callable[[dict[str, Any], float], None]


class Training(Surroundings):
    """The work behind CreateTrainingJob."""

    def run_training_job(self, job: Job) -> None:
        body = self._get(TRAINING_JOB, job.payload["name"])
        if body and not ended(body):
            self._work(job, body)
        self._clear(job)

    def _work(self, job: Job, body: dict[str, Any]) -> None:
        container = Container(self._job_folder(job))
        try:
            run = self._adopted(job, container) or self._started(job, body, container)
            outcome = self._watched(job, body, run) if run else None
            self._conclude(body, container, outcome)
        except (lake.CannotStage, AwsError) as error:
            reason = f"ClientError: {error}"
            self._record(body["TrainingJobName"], lambda body, now: fail(body, reason, now))

    def run_training_job_failed(self, job: Job, error: str) -> None:
        """Whatever Cumulet itself could not do is said as AWS says its own faults."""
        self._record(job.payload["name"], lambda body, now: fail(body, f"InternalServerError: {error}", now))
        self._clear(job)

    def _clear(self, job: Job) -> None:
        """Whatever became of the job, now or in an earlier server: no process and no file of it stays."""
        container = Container(self._job_folder(job))
        engine.end(container.process)
        lake.remove(container.folder)

    def _job_folder(self, job: Job) -> Path:
        return self.store.directory / "sagemaker/jobs" / job.id

    def _record(self, name: str, change: Change) -> None:
        now = self._now()

        def apply(body: dict[str, Any]) -> None:
            if not ended(body):
                change(body, now)

        self._change(TRAINING_JOB, name, apply)

    def _enter(self, name: str, secondary: str) -> None:
        self._record(name, lambda body, now: enter(body, secondary, now))

    # Downloading

    def _started(self, job: Job, body: dict[str, Any], container: Container) -> engine.LocalRun | None:
        """The script under way, its inputs laid out; None where somebody stopped the job before that."""
        if job.stopping:
            return None
        name = body["TrainingJobName"]
        if job.attempt > 1:
            self._check_restarts(job, body)
            self._enter(name, "Restarting")
        self.other("logs").rotate(*feed(body, container))
        self._put_synced(body, container)
        lake.remove(container.folder)
        container.lay_out()
        self._enter(name, "Downloading")
        self._lay_in(body, container)
        self._enter(name, "Training")
        job.save(again=False)
        return engine.start(self._task(body, container))

    def _check_restarts(self, job: Job, body: dict[str, Any]) -> None:
        allowed = body.get("RetryStrategy", {}).get("MaximumRetryAttempts", RESTARTS)
        job.save(restarts=job.payload.get("restarts", 0) + 1)
        if job.payload["restarts"] > allowed:
            raise RuntimeError(f"the job was cut off {allowed + 1} times and is not started again")

    def _lay_in(self, body: dict[str, Any], container: Container) -> None:
        s3 = self.other("s3")
        container.configure(body)
        for channel in body.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            lake.stage_channel(s3, uri, container.ml / "input/data" / channel["ChannelName"])
        if code := container.submitted(body):
            lake.stage_object(s3, code, container.ml / "input/submit/sourcedir.tar.gz")
        for local, uri in synced(body):
            lake.stage_channel(s3, uri, container.place(local), shared=False)  # to be overwritten

    def _task(self, body: dict[str, Any], container: Container) -> engine.Task:
        image = images.find(body["AlgorithmSpecification"]["TrainingImage"], self.store)
        python = self._own_python(image, container)
        seconds = body["StoppingCondition"]["MaxRuntimeInSeconds"]
        environment = self._variables(body["RoleArn"], python, container, seconds + HOUR) | {
            "CUMULET_INSTALL": self._installer(image, container),
            "TRAINING_JOB_NAME": body["TrainingJobName"],
            "TRAINING_JOB_ARN": body["TrainingJobArn"],
            "SM_FRAMEWORK_MODULE": image.framework.container,
            **body.get("Environment", {}),
        }
        return engine.Task(
            folder=container.process,
            command=command(body["AlgorithmSpecification"], str(python)),
            environment=environment,
            mounts=container.mounts,
            shielded=[f"{ROOT}/input/data"] if container.mounts else [],
            cwd=container.root,
            seconds=seconds,
            grace=GRACE,
            outlives=True,
        )

    # Training

    def _adopted(self, job: Job, container: Container) -> engine.LocalRun | None:
        """The script that an earlier server left running, or that ended since then.

        None where it has to start over: it was stopped for a shutdown, or went down with the machine.
        """
        if job.attempt == 1 or (run := engine.adopt(container.process)) is None:
            return None
        if job.payload.get("again") or ((outcome := run.wait(0)) and outcome.reason == "lost"):
            engine.end(container.process)
            return None
        return run

    def _watched(self, job: Job, body: dict[str, Any], run: engine.LocalRun) -> engine.Outcome:
        """Wait for the script's end; its output goes to CloudWatch Logs as it comes."""
        logs, stream = self.other("logs"), feed(body, Container(self._job_folder(job)))
        metrics = Metrics(body["AlgorithmSpecification"].get("MetricDefinitions", []))
        if job.attempt > 1:
            metrics.catch_up(run.log)
        outcome = None
        while outcome is None:
            if job.leaving:
                self._leave(job, run)
            if job.stopping:
                run.stop()
            outcome = run.wait(LOOK)
            metrics.read(logs.ship(*stream, ended=outcome is not None), self._now())
        final = metrics.final()
        self._record(body["TrainingJobName"], lambda body, _: body.update(FinalMetricDataList=final))
        return outcome

    def _leave(self, job: Job, run: engine.LocalRun) -> None:
        job.save(again=True)
        run.end(PATIENCE)
        raise Suspended

    # Uploading

    def _conclude(self, body: dict[str, Any], container: Container, outcome: engine.Outcome | None) -> None:
        name = body["TrainingJobName"]
        if outcome is None:
            return self._enter(name, "Stopped")
        if reason := failure(outcome, container.failure):
            self._upload(body, container, model=False)
            return self._record(name, lambda body, now: fail(body, reason, now))
        self._enter(name, "Uploading")
        artifacts = self._upload(body, container, model=True)
        self._record(name, lambda body, _: body.update(ModelArtifacts={"S3ModelArtifacts": artifacts}))
        endings = {"stopped": "Stopped", "timeout": "MaxRuntimeExceeded"}
        return self._enter(name, endings.get(outcome.reason, "Completed"))

    def _upload(self, body: dict[str, Any], container: Container, *, model: bool) -> str:
        """Put the results where OutputDataConfig says; where the model went."""
        s3, output = self.other("s3"), body["OutputDataConfig"]
        place = f"{output['S3OutputPath'].rstrip('/')}/{body['TrainingJobName']}/output"
        packed = output["CompressionType"] == "GZIP"
        self._put_synced(body, container)
        if any((container.ml / "output/data").iterdir()):
            self._put_result(s3, container.ml / "output/data", f"{place}/output", packed)
        if not model:
            return ""
        return self._put_result(s3, container.ml / "model", f"{place}/model", packed)

    def _put_synced(self, body: dict[str, Any], container: Container) -> None:
        """Checkpoints and the like: also of a script that was cut off, which goes on from there."""
        for local, uri in synced(body):
            lake.upload_folder(self.other("s3"), container.place(local), uri)

    def _put_result(self, s3: Any, folder: Path, uri: str, packed: bool) -> str:
        if not packed:
            lake.upload_folder(s3, folder, uri)
            return f"{uri}/"
        bucket, key = split_uri(f"{uri}.tar.gz")
        s3.put_object(Bucket=bucket, Key=key, Body=lake.pack(folder, folder.with_suffix(".tar.gz")))
        return f"{uri}.tar.gz"


def feed(body: dict[str, Any], container: Container) -> tuple[str, str, Path]:
    """The log stream of a job, its group, and the file that it is fed from."""
    stream = f"{body['TrainingJobName']}/{HOST}-{int(body['CreationTime'])}"
    return LOG_GROUP, stream, container.process / "output.log"


def command(algorithm: dict[str, Any], python: str) -> list[str]:
    """The container's own entry point where the job names one, else our toolkit around the user's script."""
    if entrypoint := algorithm.get("ContainerEntrypoint"):
        return [*entrypoint, *algorithm.get("ContainerArguments", [])]
    return [python, str(TOOLKIT)]


def synced(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Folders of the job that begin with what lies in S3 and end there: path in the job, S3 URI."""
    wanted = (
        ("CheckpointConfig", "S3Uri", CHECKPOINTS),
        ("TensorBoardOutputConfig", "S3OutputPath", TENSORBOARD),
    )
    return [(body[m].get("LocalPath", default), body[m][uri]) for m, uri, default in wanted if m in body]


def failure(outcome: engine.Outcome, written: str) -> str:
    """The FailureReason of how a script ended; "" where it did not fail.

    https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-output.html
    """
    if outcome.reason == "lost":
        return "InternalServerError: the process that watched over the job was killed"
    if outcome.reason == "memory":
        return "AlgorithmError: the job used more memory than this machine has for it, exit code: 137"
    if outcome.reason != "exited" or outcome.exit_code == 0:
        return ""
    code = outcome.exit_code or 0
    code = 128 - code if code < 0 else code
    ending = f", exit code: {code}"
    return f"AlgorithmError: {written[: 1000 - len(ending)]}{ending}"
