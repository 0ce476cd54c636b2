"""What a training job does between its promise and its end: a job of the house's supervisor.

Its phases are SageMaker's own: Pending (there is no room for it yet), Downloading (the channels are laid out),
Training (the script runs on every host, in processes that outlive a killed server and are taken over by the
next), Uploading (the model goes to S3). A server that is shut down in order stops the script first, and the
next one starts it over; what the script saved as checkpoints is kept. Spot training is interrupted where
somebody asks for it, and goes on in the same way.
"""

from __future__ import annotations

from typing import Any

from cumulet.engines import run as engine
from cumulet.jobs import Job, Suspended
from cumulet.services.sagemaker import lake
from cumulet.services.sagemaker.container import Container
from cumulet.services.sagemaker.debugger_rules import judged
from cumulet.services.sagemaker.gang import Gang
from cumulet.services.sagemaker.instances import Instances, capacity_of
from cumulet.services.sagemaker.metrics import Metrics
from cumulet.services.sagemaker.profiler import Profiler
from cumulet.services.sagemaker.profiler_report import put_reports
from cumulet.services.sagemaker.progress import ended, fail
from cumulet.services.sagemaker.resources import TRAINING_JOB
from cumulet.services.sagemaker.training_metrics import Reporter
from cumulet.services.sagemaker.training_output import Checkpoints, failure, put_results
from cumulet.services.sagemaker.training_start import LOOK, TrainingStart, feed, gang_of
from cumulet.wire.errors import AwsError

PATIENCE = 10.0  # seconds that a shutdown waits for the script

Body = dict[str, Any]


class Training(TrainingStart):
    """The work behind CreateTrainingJob."""

    def run_training_job(self, job: Job) -> None:
        body = self._get(TRAINING_JOB, job.payload["name"])
        try:
            if body and not ended(body):
                self._work(job, body)
        finally:
            capacity_of(self.house, self.house.config.ray_address).release(job.id)
        self._leave_pool(job.payload["name"])
        self._clear(job)

    def run_training_job_failed(self, job: Job, error: str) -> None:
        """Whatever Cumulet itself could not do is said as AWS says its own faults."""
        self._record(job.payload["name"], lambda body, now: fail(body, f"InternalServerError: {error}", now))
        self._leave_pool(job.payload["name"])
        self._clear(job)

    def _clear(self, job: Job) -> None:
        """Whatever became of the job, now or in an earlier server: no process and no file of it stays."""
        folder = self._job_folder(job)
        for host in folder.glob("algo-*"):
            engine.end(Container(host).process)
        lake.remove(folder)

    def _work(self, job: Job, body: Body) -> None:
        gang = gang_of(body, self._job_folder(job))
        try:
            while self._under_way(job, body, gang):
                if self._watch(job, body, gang):
                    return self._conclude(body, gang)
                gang = gang_of(body, self._job_folder(job))
            return self._enter(body["TrainingJobName"], "Stopped")
        except (lake.CannotStage, AwsError) as error:
            reason = f"ClientError: {error}"
            return self._record(body["TrainingJobName"], lambda body, now: fail(body, reason, now))

    def _under_way(self, job: Job, body: Body, gang: Gang) -> bool:
        """The script under way: what an earlier server left running (or what ended since then), or a new start.
        False where the job was stopped before that."""
        if job.attempt > 1 and not job.payload.get("again") and gang.adopt():
            wanted = Instances(self.store.directory).whole(body["ResourceConfig"])
            capacity_of(self.house, self.house.config.ray_address).take(
                job.id, body["TrainingJobName"], wanted
            )
            return True
        gang.end()
        return self._start(job, body, gang)

    # Training

    def _watch(self, job: Job, body: Body, gang: Gang) -> bool:
        """Wait for the end of all hosts; what they print and save is taken up as it comes. False where they are
        to start once more."""
        metrics = Metrics(body["AlgorithmSpecification"].get("MetricDefinitions", []))
        checkpoints = Checkpoints(self.other("s3"), body, gang, job.payload["started"])
        if job.attempt > 1:
            for member in gang.members:
                metrics.catch_up(feed(body, member)[2])
        reporter = Reporter(self.other("cloudwatch"), body["TrainingJobName"], gang, metrics)
        profiler = Profiler(self.other("s3"), body, gang)
        interrupted = over = False
        while not over:
            interrupted = self._heed(job, body, gang) or interrupted
            over = gang.look(LOOK)
            for member in gang.members:
                lines = self.other("logs").ship(*feed(body, member), ended=member.outcome is not None)
                metrics.read(lines, self._now())
            checkpoints.go_on()
            reporter.report(self._now(), over=over)
            profiler.go_on(self._now(), over=over)
        checkpoints.finish()
        final = metrics.final()
        self._record(body["TrainingJobName"], lambda body, _: body.update(FinalMetricDataList=final))
        if not job.stopping and self._again(job, body, gang, interrupted):
            return False
        self._judge_rules(body, metrics, profiler)
        return True

    def _judge_rules(self, body: Body, metrics: Metrics, profiler: Profiler) -> None:
        """What Debugger's and Profiler's rules say, now that the script is over."""
        statuses = judged(body, metrics.history, profiler.usage, self._now())
        if statuses:
            self._record(body["TrainingJobName"], lambda body, _: body.update(statuses))
            now = self._get(TRAINING_JOB, body["TrainingJobName"]) or body
            put_reports(self.other("s3"), now, profiler.usage, statuses)

    def _heed(self, job: Job, body: Body, gang: Gang) -> bool:
        """What the world asks of a running job; True where it asks for an interruption."""
        if job.leaving and not job.stopping:
            self._remember(job, again=True)
            gang.leave(PATIENCE)
            raise Suspended
        if job.stopping:
            gang.stop()
        elif body.get("EnableManagedSpotTraining") and self._interruption(body["TrainingJobName"]):
            gang.stop()
            return True
        return False

    def _remember(self, job: Job, **changes: Any) -> None:
        """For the next attempt: how much of its time the job has spent."""
        now = self._now()
        spent = job.payload.get("spent", 0) + now - job.payload.get("started", now)
        job.save(spent=spent, started=now, **changes)

    def _interruption(self, name: str) -> bool:
        body = self._get(TRAINING_JOB, name)
        return bool(body and body.get("interrupt"))

    def _again(self, job: Job, body: Body, gang: Gang, interrupted: bool) -> bool:
        """Whether there is another attempt: after an interruption, or a fault of ours as often as was said."""
        outcome = gang.decisive.outcome
        assert outcome
        if interrupted and outcome.reason == "stopped":
            self._interrupted(job, body)
            return True
        allowed = body.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0)
        if outcome.reason != "lost" or job.payload.get("restarts", 0) >= allowed:
            return False
        self._remember(job, again=True)
        return True

    def _interrupted(self, job: Job, body: Body) -> None:
        self._remember(job, again=True, interrupted=True)
        self._enter(body["TrainingJobName"], "Interrupted")
        self._record(body["TrainingJobName"], lambda body, _: body.update(interrupt=False))
        capacity_of(self.house, self.house.config.ray_address).release(job.id)

    # Uploading

    def _conclude(self, body: Body, gang: Gang) -> None:
        name, decisive = body["TrainingJobName"], gang.decisive
        outcome, s3 = decisive.outcome, self.other("s3")
        assert outcome
        if reason := failure(outcome, decisive.container.failure):
            put_results(s3, body, gang, model=False)
            return self._record(name, lambda body, now: fail(body, reason, now))
        self._enter(name, "Uploading")
        artifacts = put_results(s3, body, gang, model=True)
        self._record(name, lambda body, _: body.update(ModelArtifacts={"S3ModelArtifacts": artifacts}))
        return self._enter(name, self._ending(body, outcome))

    def _ending(self, body: Body, outcome: engine.Outcome) -> str:
        if outcome.reason == "stopped":
            return "Stopped"
        if outcome.reason != "timeout":
            return "Completed"
        longest = body["StoppingCondition"].get("MaxWaitTimeInSeconds")
        waited = longest is not None and outcome.ended - body["CreationTime"] >= longest
        return "MaxWaitTimeExceeded" if waited else "MaxRuntimeExceeded"
