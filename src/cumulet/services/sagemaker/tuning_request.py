"""What CreateHyperParameterTuningJob asks for: checked, and put into the searchers' words.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""

from __future__ import annotations

import re
from typing import Any

from cumulet.engines.search import CannotSearch, Choice, Range, Scale, grid_size
from cumulet.services.sagemaker import images
from cumulet.services.sagemaker.algorithms.schema import Hyperparameter
from cumulet.services.sagemaker.refusals import honour_only, invalid

Request = dict[str, Any]
CONFIG = (
    "Strategy",
    "StrategyConfig",
    "HyperParameterTuningJobObjective",
    "ResourceLimits",
    "ParameterRanges",
    "TrainingJobEarlyStoppingType",
    "TuningJobCompletionCriteria",
    "RandomSeed",
)
DEFINITION = (
    "DefinitionName",
    "TuningObjective",
    "HyperParameterRanges",
    "StaticHyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "HyperParameterTuningResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)
PASSED_ON = (
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "CheckpointConfig",
    "RetryStrategy",
    "Environment",
)
OBJECTIVE = "_tuning_objective_metric"  # the hyperparameter by which AWS tells a training job its metric
WIDE = 1000  # a range whose ends differ by more than this factor is searched on a logarithmic scale ("Auto")
HINTED = (10, 3, 1.5)  # how far a range goes to both sides of the hint that Autotune is given: what can be


def check_structures(request: Request) -> None:
    """Refuse, by name, what is asked for and not done."""
    config = request["HyperParameterTuningJobConfig"]
    honour_only("HyperParameterTuningJobConfig", config, CONFIG)
    if bool(request.get("TrainingJobDefinition")) == bool(request.get("TrainingJobDefinitions")):
        raise invalid("A tuning job needs either a TrainingJobDefinition or TrainingJobDefinitions.")
    _check_definitions(request)
    _check_strategy(request)


def _check_definitions(request: Request) -> None:
    found = definitions(request)
    names = [definition.get("DefinitionName", "") for definition in found]
    if len(found) > 1 and (not all(names) or len(set(names)) < len(names)):
        raise invalid("Each of several TrainingJobDefinitions needs a DefinitionName of its own.")
    for definition in found:
        honour_only("TrainingJobDefinition", definition, DEFINITION)
        _check_objective(request, definition)
        _check_ranges(request, definition)


def _check_objective(request: Request, definition: Request) -> None:
    wanted = objective(request, definition)
    if not wanted:
        raise invalid("A metric is required for this hyperparameter tuning job objective.")


def check_metric(wanted: dict[str, str], algorithm: Request) -> None:
    """An objective has to be one of the metrics that the training job's log is searched for."""
    names = [metric["Name"] for metric in algorithm.get("MetricDefinitions", [])]
    if wanted["MetricName"] not in names:
        raise invalid(
            f"The objective metric {wanted['MetricName']} is none of the training job's metrics: "
            f"{', '.join(names) or 'it defines none'}. Provide it in the MetricDefinitions."
        )


def _check_ranges(request: Request, definition: Request) -> None:
    names = [given["Name"] for kind in ranges(request, definition).values() for given in kind]
    if not names:
        raise invalid("A tuning job needs at least one hyperparameter range.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise invalid(f"The hyperparameter {twice} has two ranges.")
    if static := next((name for name in names if name in definition.get("StaticHyperParameters", {})), None):
        raise invalid(f"The hyperparameter {static} is both static and to be tuned.")
    try:
        space(request, definition)
    except (CannotSearch, ValueError) as error:
        raise invalid(f"The ranges of the hyperparameters cannot be searched: {error}.") from None


def _check_strategy(request: Request) -> None:
    config = request["HyperParameterTuningJobConfig"]
    strategy, limit = config["Strategy"], config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if strategy == "Grid":
        _check_grid(request, limit)
    if strategy == "Hyperband" and config.get("TrainingJobEarlyStoppingType") == "Auto":
        raise invalid("Hyperband stops training jobs by itself: TrainingJobEarlyStoppingType must be Off.")
    if strategy != "Hyperband" and config.get("StrategyConfig"):
        raise invalid(f"StrategyConfig is for the strategy Hyperband, not for {strategy}.")
    if strategy == "Hyperband":
        bounds = rounds(config)
        if bounds and bounds[0] > bounds[1]:
            raise invalid("HyperbandStrategyConfig needs a MinResource that is not above its MaxResource.")
    if strategy != "Grid" and not limit and not request.get("Autotune"):
        raise invalid("ResourceLimits needs MaxNumberOfTrainingJobs.")


def _check_grid(request: Request, limit: int | None) -> None:
    try:
        size = sum(grid_size(space(request, definition)) for definition in definitions(request))
    except CannotSearch as error:
        raise invalid(f"Grid search is for categorical ranges only: {error}.") from None
    if limit not in (None, size):
        raise invalid(f"The grid has {size} points, so MaxNumberOfTrainingJobs is {size} or left out.")


def definitions(request: Request) -> list[Request]:
    """The training job definitions: one, or several that take turns."""
    several: list[Request] | None = request.get("TrainingJobDefinitions")
    return several or [request["TrainingJobDefinition"]]


def with_own_metrics(body: Request) -> Request:
    """A search as it is shown: a built-in algorithm has metrics of its own, which clients read there."""
    shown = dict(body)
    if one := body.get("TrainingJobDefinition"):
        shown["TrainingJobDefinition"] = _measured(one)
    if several := body.get("TrainingJobDefinitions"):
        shown["TrainingJobDefinitions"] = [_measured(one) for one in several]
    return shown


def _measured(definition: Request) -> Request:
    asked = definition["AlgorithmSpecification"]
    algorithm = images.algorithm_of(asked.get("TrainingImage", ""))
    if algorithm is None or asked.get("MetricDefinitions"):
        return definition
    metrics = [{"Name": metric.name, "Regex": metric.regex} for metric in algorithm.metrics]
    return {**definition, "AlgorithmSpecification": {**asked, "MetricDefinitions": metrics}}


def objective(request: Request, definition: Request) -> dict[str, str]:
    config = request["HyperParameterTuningJobConfig"]
    found: dict[str, str] = (
        definition.get("TuningObjective") or config.get("HyperParameterTuningJobObjective") or {}
    )
    return found


def ranges(request: Request, definition: Request) -> dict[str, list[Request]]:
    config = request["HyperParameterTuningJobConfig"]
    found: dict[str, list[Request]] = definition.get("HyperParameterRanges") or config.get(
        "ParameterRanges", {}
    )
    return found


def space(request: Request, definition: Request) -> dict[str, Range | Choice]:
    """The ranges of a definition, as searchers know them."""
    found: dict[str, Range | Choice] = {}
    given = ranges(request, definition)
    for one in given.get("IntegerParameterRanges", []):
        low, high = int(one["MinValue"]), int(one["MaxValue"])
        found[one["Name"]] = Range(low, high, whole=True, scale=scale(one, low, high))
    for one in given.get("ContinuousParameterRanges", []):
        bounds = float(one["MinValue"]), float(one["MaxValue"])
        found[one["Name"]] = Range(*bounds, scale=scale(one, *bounds))
    for one in given.get("CategoricalParameterRanges", []):
        found[one["Name"]] = Choice(tuple(one["Values"]))
    known = _parameters(definition)
    for one in given.get("AutoParameters", []):
        found[one["Name"]] = hinted(one["ValueHint"], known.get(one["Name"]))
    return found


def _parameters(definition: Request) -> dict[str, Hyperparameter]:
    """The hyperparameters of a built-in algorithm, by name."""
    algorithm = images.algorithm_of(definition["AlgorithmSpecification"].get("TrainingImage", ""))
    return {one.name: one for one in algorithm.schema.parameters} if algorithm else {}


def scale(given: dict[str, str], low: float, high: float) -> Scale:
    """AWS says of Auto only that it chooses the best scale: here wide ranges of positive numbers are searched
    by their logarithm."""
    asked = given.get("ScalingType", "Auto")
    if asked == "Auto":
        return "logarithmic" if low > 0 and high / low >= WIDE else "linear"
    named: dict[str, Scale] = {"Logarithmic": "logarithmic", "ReverseLogarithmic": "reverse"}
    return named.get(asked, "linear")


def hinted(hint: str, parameter: Hyperparameter | None = None) -> Range | Choice:
    """The range that Autotune makes of a value: ten times as much and as little, or less where an algorithm takes
    no more. A word stays what it is, and so does what an algorithm has to be told: it mostly says what the data is."""
    try:
        value = float(hint)
    except ValueError:
        return Choice((hint,))
    if value <= 0 or (parameter and parameter.required):
        return Choice((hint,))
    whole = bool(re.fullmatch(r"\d+", hint))
    for factor in HINTED:
        low, high = value / factor, value * factor
        if whole:
            low, high = max(1, int(low)), int(high)
        if parameter is None or (_takes(parameter, said(low)) and _takes(parameter, said(high))):
            return Range(low, high, whole=whole, scale="logarithmic")
    return Choice((hint,))


def _takes(parameter: Hyperparameter, text: str) -> bool:
    try:
        parameter.parse(text)
    except ValueError:
        return False
    return True


def rounds(config: Request) -> tuple[int, int] | None:
    """Hyperband's least and most resource: how often a training job reports its objective."""
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    if "MaxResource" not in given:
        return None
    return given.get("MinResource", 1), given["MaxResource"]


def said(value: float | int | str) -> str:
    """A setting as a hyperparameter says it."""
    return value if isinstance(value, str) else repr(value)


def read(text: str, part: Range | Choice) -> float | int | str:
    """A hyperparameter as a searcher knows it."""
    if isinstance(part, Choice):
        return text
    return int(text) if part.whole else float(text)


def training_request(definition: Request, name: str, tuned: dict[str, str]) -> Request:
    """The CreateTrainingJob request of one trial."""
    hyperparameters = {**definition.get("StaticHyperParameters", {}), **tuned}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": dict(definition["AlgorithmSpecification"]),
        "HyperParameters": hyperparameters,
        "ResourceConfig": resources(definition),
        "EnableNetworkIsolation": False,
        **{member: definition[member] for member in PASSED_ON if member in definition},
    }


def resources(definition: Request) -> Request:
    """The instances of a trial: of several kinds that would do, the first. There is always one here."""
    if "ResourceConfig" in definition:
        return dict(definition["ResourceConfig"])
    given = dict(definition.get("HyperParameterTuningResourceConfig", {}))
    given.pop("AllocationStrategy", None)
    kinds = given.pop("InstanceConfigs", None) or [{}]
    if not (given | kinds[0]).get("InstanceType"):
        raise invalid(
            "A training job definition needs a ResourceConfig or HyperParameterTuningResourceConfig."
        )
    return {**given, **kinds[0]}
