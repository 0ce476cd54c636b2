"""The course that processing, transform and tuning jobs have in common: asked for, looked at, stopped, ended.

Each is a record and a piece of durable work that are remembered in one commit. Training jobs have secondary
statuses besides and keep a course of their own (`progress.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.resources import PROCESSING_JOB, TRANSFORM_JOB, TUNING_JOB
from cumulet.services.sagemaker.roles import Roles
from cumulet.services.sagemaker.state_changes import announce
from cumulet.services.sagemaker.tags import TagList, Tags
from cumulet.wire.errors import AwsError

ENDINGS = ("Completed", "Failed", "Stopped")
LONGEST_REASON = 1024

Body = dict[str, Any]
Change = Callable[[Body, float], None]


@dataclass(frozen=True, slots=True)
class Course:
    """How AWS names the members of one kind of job, and which work is behind it."""

    kind: str  # of the record, as in the ARN
    noun: str  # "Processing": ProcessingJobName, ProcessingJobStatus, ProcessingEndTime
    work: str
    title: str  # in the events that tell of its statuses
    absent: str = "ValidationException"  # the code for a job that is not there

    @property
    def name(self) -> str:
        return f"{self.noun}JobName"

    @property
    def arn(self) -> str:
        return f"{self.noun}JobArn"

    @property
    def status(self) -> str:
        return f"{self.noun}JobStatus"

    def ended(self, body: Body) -> bool:
        return body[self.status] in ENDINGS

    def begin(self, body: Body, now: float) -> None:
        """The work itself begins: what came before was only preparation."""
        body[f"{self.noun}StartTime"] = body["LastModifiedTime"] = now

    def end(self, body: Body, status: str, now: float, reason: str = "") -> None:
        body[self.status] = status
        body[f"{self.noun}EndTime"] = body["LastModifiedTime"] = now
        if reason:
            body["FailureReason"] = shortened(reason)


def shortened(reason: str) -> str:
    """Both ends of what is too long: the first words say what failed, the last ones of a traceback why."""
    return reason if len(reason) <= LONGEST_REASON else f"{reason[:200]}...{reason[-800:]}"


PROCESSING = Course(PROCESSING_JOB, "Processing", "sagemaker.run_processing_job", "Processing Job")
TRANSFORM = Course(TRANSFORM_JOB, "Transform", "sagemaker.run_transform_job", "Transform Job")
TUNING = Course(
    TUNING_JOB,
    "HyperParameterTuning",
    "sagemaker.run_tuning_job",
    "HyperParameter Tuning Job",
    "ResourceNotFound",
)


class Courses(Tags, Roles):
    """Records of jobs, from their promise to their end."""

    def _promise(self, course: Course, request: Body, tags: TagList | None) -> Body:
        """Remember a job and the work it is, or refuse the name that is taken."""
        name, arn, now = request[course.name], self._arn_of(course.kind, request[course.name]), self._now()
        times = {"CreationTime": now, "LastModifiedTime": now}
        body = {**request, course.arn: arn, course.status: "InProgress", **times}

        def begin() -> None:
            if self._get(course.kind, name) is not None:
                raise AwsError(
                    "ResourceInUse",
                    "Job name must be unique within an AWS account and region, and a job with this name already "
                    f"exists ({arn})",
                )
            body["entry"] = self.house.jobs.add(course.work, self.caller, name=name)
            self._put(course.kind, name, body)
            self._tell(course, body)
            self._tag(f"{course.kind}/{name}", tags)

        self.store.atomically(begin)
        return {course.arn: arn}

    def _job(self, course: Course, name: str) -> Body:
        if body := self._get(course.kind, name):
            return body
        raise AwsError(course.absent, f"Could not find requested job with name: {name}")

    def _ask_to_stop(self, course: Course, name: str) -> None:
        def change(body: Body, now: float) -> None:
            body.update({course.status: "Stopping", "LastModifiedTime": now})
            self.house.jobs.stop(body["entry"])

        if course.ended(body := self._job(course, name)):
            raise invalid(
                f"The request was rejected because the job {name} is in status {body[course.status]}."
            )
        self._record_job(course, name, change)

    def _record_job(self, course: Course, name: str, change: Change) -> None:
        """Change a job's record, unless it has ended: what has ended stays as it is."""
        now = self._now()

        def apply(body: Body) -> None:
            if course.ended(body):
                return
            before = body[course.status]
            change(body, now)
            if body[course.status] != before:
                self._tell(course, body)

        self._change(course.kind, name, apply)

    def _tell(self, course: Course, body: Body) -> None:
        announce(self, body, course.kind, course.title, body[course.arn])

    def _end_job(self, course: Course, name: str, status: str, reason: str = "") -> None:
        self._record_job(course, name, lambda body, now: course.end(body, status, now, reason))

    def _forget_job(self, course: Course, name: str) -> None:
        """Delete the record of a job that has ended."""

        def delete() -> None:
            if not course.ended(body := self._job(course, name)):
                raise AwsError(
                    "ResourceInUse", f"The job {name} is in status {body[course.status]}; stop it first."
                )
            self._delete(course.kind, name)
            self._untag(f"{course.kind}/{name}")

        self.store.atomically(delete)
