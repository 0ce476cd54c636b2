"""What a tuning job does between its promise and its end: a job of the house's supervisor.

It looks at the training jobs that are under way, settles those that have ended, stops those that are not
worth going on with, and starts others where there is room. All that it knows lies in the records of its
trials, so the next server goes on where the last one was killed.
"""

from __future__ import annotations

import secrets
import zlib
from dataclasses import dataclass, field
from typing import Any

from cumulet.engines.search import CannotSearch, Tried, grid_size, searcher
from cumulet.jobs import Job, Suspended
from cumulet.services.sagemaker import progress
from cumulet.services.sagemaker.courses import TUNING, Body
from cumulet.services.sagemaker.resources import TRAINING_JOB
from cumulet.services.sagemaker.tuning_ends import Verdict, verdict
from cumulet.services.sagemaker.tuning_jobs import TuningJobs
from cumulet.services.sagemaker.tuning_request import (
    definitions,
    objective,
    read,
    said,
    space,
    training_request,
)
from cumulet.services.sagemaker.tuning_trials import Trial
from cumulet.services.sagemaker.tuning_watching import Curves, hopeless
from cumulet.wire.errors import AwsError

LOOK = 0.05  # seconds between two looks at the training jobs
SEARCHERS = {"Random": "random", "Grid": "grid", "Bayesian": "bayesian", "Hyperband": "random"}


@dataclass(slots=True)
class Search:
    """A tuning job as its work sees it; made anew from the records when a server starts."""

    body: Body
    trials: list[Trial]
    inherited: list[Trial] = field(default_factory=list)  # of the parents of a warm start
    ending: Verdict | None = None  # nothing more is started; what runs is stopped

    @property
    def name(self) -> str:
        return str(self.body[TUNING.name])

    @property
    def config(self) -> dict[str, Any]:
        return dict(self.body["HyperParameterTuningJobConfig"])

    @property
    def running(self) -> list[Trial]:
        return [trial for trial in self.trials if trial["status"] == "InProgress"]

    @property
    def most(self) -> int:
        """How many trials there will be at most."""
        if self.config["Strategy"] == "Grid":
            return sum(grid_size(space(self.body, one)) for one in definitions(self.body))
        return int(self.config["ResourceLimits"]["MaxNumberOfTrainingJobs"])

    @property
    def room(self) -> int:
        """How many may be started now."""
        parallel = self.config["ResourceLimits"]["MaxParallelTrainingJobs"] - len(self.running)
        return min(parallel, self.most - len(self.trials)) if self.ending is None else 0


class Tuning(TuningJobs):
    """The work behind CreateHyperParameterTuningJob."""

    def run_tuning_job(self, job: Job) -> None:
        body = self._get(TUNING.kind, job.payload["name"])
        if body is None or TUNING.ended(body):
            return
        search = Search(body, self._trials(job.payload["name"]), self._inherited(body))
        try:
            self._search(job, search)
        except (AwsError, CannotSearch) as error:
            self._stop_trials(search)
            self._end_job(TUNING, search.name, "Failed", f"ClientError: {error}")

    def run_tuning_job_failed(self, job: Job, error: str) -> None:
        name = job.payload["name"]
        if body := self._get(TUNING.kind, name):
            self._stop_trials(Search(body, self._trials(name)))
        self._end_job(TUNING, name, "Failed", f"InternalServerError: {error}")

    def _inherited(self, body: Body) -> list[Trial]:
        warm = body.get("WarmStartConfig", {})
        parents = warm.get("ParentHyperParameterTuningJobs", [])
        return [t for parent in parents for t in self._trials(parent["HyperParameterTuningJobName"])]

    def _search(self, job: Job, search: Search) -> None:
        curves = Curves(self.other("logs"))
        for trial in search.running:
            self._begin_trial(search, trial)  # where the last server was killed just before it could
        while True:
            if job.leaving and not job.stopping:
                raise Suspended
            self._settle_trials(search, curves)
            self._judge(job, search)
            if search.ending and not search.running:
                return self._end_search(search, search.ending)
            for _ in range(search.room):
                self._begin_trial(search, self._next_trial(search))
            self._give_up_hopeless(search, curves)
            if search.ending:
                self.house.jobs.closing.wait(LOOK)
            else:
                job.wait(LOOK)

    def _judge(self, job: Job, search: Search) -> None:
        """Whether the search is over; then what still runs is stopped."""
        if search.ending is None:
            over = len(search.trials) >= search.most and not search.running
            elapsed = self._now() - search.body["CreationTime"]
            search.ending = verdict(search.config, search.trials, elapsed, over=over, asked=job.stopping)
        if search.ending:
            self._stop_trials(search)

    def _end_search(self, search: Search, ending: Verdict) -> None:
        def end(body: Body, now: float) -> None:
            if ending.converged:
                body["TuningJobCompletionDetails"] = {"ConvergenceDetectedTime": now}
            TUNING.end(body, ending.status, now, ending.reason)

        self._record_job(TUNING, search.name, end)

    # Trials

    def _next_trial(self, search: Search) -> Trial:
        """The settings to try next, remembered; definitions take turns."""
        number = len(search.trials)
        found = definitions(search.body)
        definition, turn = found[number % len(found)], number // len(found)
        if search.config["Strategy"] == "Grid":
            definition, turn = _of_grid(search.body, number)
        goal = objective(search.body, definition)
        trial: Trial = {
            "number": number,
            "job": f"{search.name}-{number + 1:03}-{secrets.token_hex(4)}",
            "definition": definition.get("DefinitionName", ""),
            "tuned": self._settings(search, definition, turn),
            "metric": goal["MetricName"],
            "type": goal["Type"],
            "status": "InProgress",
            "made": self._now(),
        }
        self._put_trial(search.name, trial)
        search.trials.append(trial)
        return trial

    def _settings(self, search: Search, definition: dict[str, Any], turn: int) -> dict[str, str]:
        parts = space(search.body, definition)
        seed = search.config.get("RandomSeed", zlib.crc32(search.body[TUNING.arn].encode()))
        known = self._known(search, definition)
        maximize = objective(search.body, definition)["Type"] == "Maximize"
        asked = searcher(SEARCHERS[search.config["Strategy"]], parts, seed=seed, maximize=maximize)
        handed_down = _handed_down(search, definition, turn)
        settings = handed_down if handed_down is not None else asked.suggest(turn, known)
        return {name: said(value) for name, value in settings.items()}

    def _known(self, search: Search, definition: dict[str, Any]) -> list[Tried]:
        """What the searcher learns from: the trials of a definition, and of parents that searched the same."""
        own = [t for t in search.trials if t["definition"] == definition.get("DefinitionName", "")]
        warm = search.body.get("WarmStartConfig", {}).get("WarmStartType")
        parents = search.inherited if warm == "IdenticalDataAndAlgorithm" else []
        return [tried for trial in [*parents, *own] if (tried := _tried(search.body, definition, trial))]

    def _begin_trial(self, search: Search, trial: Trial) -> None:
        """Make a trial's training job, unless it is there already."""
        if self._get(TRAINING_JOB, trial["job"]) is not None:
            return
        named = {definition.get("DefinitionName", ""): definition for definition in definitions(search.body)}
        self.create_training_job(**training_request(named[trial["definition"]], trial["job"], trial["tuned"]))
        arn = search.body[TUNING.arn]
        self._change(TRAINING_JOB, trial["job"], lambda body: body.update(TuningJobArn=arn))

    def _settle_trials(self, search: Search, curves: Curves) -> None:
        """Remember how those ended that have ended since the last look."""
        for trial in search.running:
            body = self._get(TRAINING_JOB, trial["job"])
            if body is None or not progress.ended(body):
                continue
            trial["status"] = body["TrainingJobStatus"]
            finals = {metric["MetricName"]: metric["Value"] for metric in body.get("FinalMetricDataList", [])}
            if trial["metric"] in finals and trial["status"] != "Failed":
                trial["value"] = finals[trial["metric"]]
            trial["curve"] = curves.close(trial, body)
            self._put_trial(search.name, trial)

    def _stop_trials(self, search: Search) -> None:
        for trial in search.running:
            self._stop_trial(trial)

    def _stop_trial(self, trial: Trial) -> None:
        body = self._get(TRAINING_JOB, trial["job"])
        if body and body["TrainingJobStatus"] == "InProgress":
            try:
                self.stop_training_job(TrainingJobName=trial["job"])
            except AwsError as error:  # it ended in this instant
                if error.code != "ValidationException":
                    raise

    def _give_up_hopeless(self, search: Search, curves: Curves) -> None:
        for trial in hopeless(search.config, search.trials, lambda t: self._curve(t, curves)):
            self._stop_trial(trial)

    def _curve(self, trial: Trial, curves: Curves) -> list[float]:
        body = self._get(TRAINING_JOB, trial["job"])
        return curves.read(trial, body) if body else []


def _of_grid(body: Body, number: int) -> tuple[dict[str, Any], int]:
    """The definition that a point of all grids together belongs to, and its number there."""
    for definition in definitions(body):
        size = grid_size(space(body, definition))
        if number < size:
            return definition, number
        number -= size
    raise CannotSearch("the grid has no such point")


def _tried(body: Body, definition: dict[str, Any], trial: Trial) -> Tried | None:
    """A trial as searchers know it; None for one that failed, or whose settings are of another kind."""
    parts = space(body, definition)
    if trial["tuned"].keys() != parts.keys() or (trial["status"] != "InProgress" and "value" not in trial):
        return None
    try:
        settings = {name: read(text, parts[name]) for name, text in trial["tuned"].items()}
    except ValueError:
        return None
    return Tried(settings, trial.get("value"))


def _handed_down(search: Search, definition: dict[str, Any], turn: int) -> dict[str, Any] | None:
    """TransferLearning begins with what was best for the parents: another algorithm's or data's values cannot
    be compared with this one's, but good places tend to stay good."""
    if search.body.get("WarmStartConfig", {}).get("WarmStartType") != "TransferLearning":
        return None
    parts = space(search.body, definition)
    measured = [t for t in search.inherited if "value" in t and _tried(search.body, definition, t)]
    ranked = sorted(
        measured, key=lambda t: t["value"], reverse=bool(measured) and measured[0]["type"] == "Maximize"
    )
    settings = [{name: read(text, parts[name]) for name, text in trial["tuned"].items()} for trial in ranked]
    fitting = [one for one in settings if all(parts[name].holds(value) for name, value in one.items())]
    return fitting[turn] if turn < min(HANDED_DOWN, len(fitting)) else None


HANDED_DOWN = 3  # settings of the parents that are tried first
