"""XGBoost's hyperparameters and metrics, as SageMaker's container checks them, in its words.

https://docs.aws.amazon.com/sagemaker/latest/dg/xgboost_hyperparameters.html
"""

from __future__ import annotations

import json
from typing import Any

from .errors import ClientError
from .job import Metric
from .schema import Hyperparameter, Schema, choice, integer, real, text

MAXIMIZED = (
    "accuracy",
    "auc",
    "aucpr",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "map",
    "ndcg",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
)
MINIMIZED = (
    "aft-nloglik",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "mse",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
)
OBJECTIVES = (
    "binary:hinge",
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
)
THRESHOLDS = ("error", "ndcg", "map")
METRICS = tuple(
    Metric(f"{where}:{name}", rf".*\[[0-9]+\].*#011{where}-{name}:([^#\s]+)")
    for where in ("train", "validation")
    for name in (*MAXIMIZED, *MINIMIZED)
)


class Container:
    """The words of XGBoost's container."""

    @staticmethod
    def missing(names: list[str]) -> str:
        return f"Missing required hyperparameter: {names[0]}"

    @staticmethod
    def unknown(names: list[str]) -> str:
        return f"Extraneous hyperparameter found: {names[0]}"

    @staticmethod
    def wrong(parameter: Hyperparameter, given: str) -> str:
        return f"Hyperparameter {parameter.name}: value {given} not in range {parameter.valid}"


def _metrics(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    for name in names:
        plain, at, threshold = name.partition("@")
        known = (
            plain in THRESHOLDS and bool(float(threshold.rstrip("-")))
            if at
            else name in (*MAXIMIZED, *MINIMIZED)
        )
        if not known:
            raise ValueError(name)
    return names


def _constraints(given: str) -> str:
    """One of -1, 0, 1 for each feature: (1, -1)."""
    signs = [int(sign) for sign in given.strip("()[] ").split(",") if sign.strip()]
    if not set(signs) <= {-1, 0, 1}:
        raise ValueError(given)
    return f"({','.join(map(str, signs))})"


def _updaters(given: str) -> str:
    names = [name.strip() for name in given.split(",")]
    if not set(names) <= UPDATERS:
        raise ValueError(given)
    return ",".join(names)


UPDATERS = {
    "grow_colmaker",
    "grow_histmaker",
    "grow_quantile_histmaker",
    "sync",
    "refresh",
    "prune",
    "shotgun",
    "coord_descent",
}
NO_GPU = "it runs on CPUs."
DISTRIBUTED = "it only matters where training is distributed by columns."

HYPERPARAMETERS = Schema(
    (
        integer("num_round", low=1, required=True),
        real("alpha", low=0),
        choice("aft_loss_distribution", ("normal", "logistic", "extreme")),
        real("aft_loss_distribution_scale", low=0),
        real("base_score", low=0),
        choice("booster", ("gbtree", "gblinear", "dart")),
        real("colsample_bylevel", low=0, high=1, edges="(]"),
        real("colsample_bynode", low=0, high=1, edges="(]"),
        real("colsample_bytree", low=0, high=1, edges="(]"),
        integer("csv_weights", 0, low=0, high=1),
        choice("deterministic_histogram", ("true", "false")).but(note="histograms are, on CPUs, either way"),
        choice("dsplit", ("row", "col"), "row").but(refused=DISTRIBUTED),
        integer("early_stopping_rounds", low=1),
        real("eta", low=0, high=1),
        text("eval_metric", ", ".join((*MAXIMIZED, *MINIMIZED)), parse=_metrics),
        real("gamma", low=0),
        choice("grow_policy", ("depthwise", "lossguide")),
        text("interaction_constraints", "lists of feature numbers", parse=json.loads),
        real("lambda", low=0),
        real("lambda_bias", low=0, high=1),
        integer("max_bin", low=0),
        real("max_delta_step", low=0),
        integer("max_depth", low=0),
        integer("max_leaves", low=0),
        real("min_child_weight", low=0),
        text("monotone_constraints", "-1, 0 or 1 for each feature", parse=_constraints),
        choice("normalize_type", ("tree", "forest")),
        integer("nthread", low=1),
        integer("num_class", low=2),
        integer("num_parallel_tree", low=1),
        choice("objective", OBJECTIVES),
        integer("one_drop", low=0, high=1),
        choice("predictor", ("auto", "cpu_predictor"), "auto").but(note="the CPU's, either way"),
        integer("prob_buffer_row", low=2).but(refused="its tree builder is no part of XGBoost any more."),
        choice("process_type", ("default", "update"), "default").but(refused="there is no model to update."),
        real("rate_drop", low=0, high=1),
        integer("refresh_leaf", low=0, high=1),
        choice("sample_type", ("uniform", "weighted")),
        choice("sampling_method", ("uniform", "gradient_based"), "uniform").but(refused=NO_GPU),
        choice("save_model_on_termination", ("true", "false"), "false"),
        real("scale_pos_weight", low=0, edges="(]"),
        integer("seed", low=-(2**31) + 1, high=2**31 - 1),
        real("sketch_eps", low=0, high=1, edges="()").but(
            note="as max_bin = 1 / sketch_eps, with tree_method approx"
        ),
        integer("silent", low=0, high=1).but(note="1 is a verbosity of 0; of the versions up to 1.0"),
        real("skip_drop", low=0, high=1),
        real("subsample", low=0, high=1, edges="(]"),
        choice("tree_method", ("auto", "exact", "approx", "hist", "gpu_hist")),
        real("tweedie_variance_power", low=1, high=2, edges="()"),
        text("updater", ", ".join(sorted(UPDATERS)), parse=_updaters),
        choice("use_dask_gpu_training", ("true", "false"), "false").but(refused=NO_GPU),
        integer("verbosity", low=0, high=3),
        text("_tuning_objective_metric", "the name of a metric"),
        integer("_kfold", low=2).but(refused="the container's own cross-validation is not documented."),
        integer("_num_cv_round", low=1).but(
            refused="the container's own cross-validation is not documented."
        ),
    ),
    Container,
    {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"},
)

OURS = {"num_round", "csv_weights", "early_stopping_rounds", "save_model_on_termination", "eval_metric"}
OURS |= {"deterministic_histogram", "dsplit", "predictor", "process_type", "sampling_method", "sketch_eps"}
OURS |= {"silent", "use_dask_gpu_training", "_tuning_objective_metric"}


def check(values: dict[str, Any]) -> None:
    """What several hyperparameters have to be together."""
    objective = values["objective"] or ""
    if objective.startswith("multi:") and not values["num_class"]:
        raise ClientError("Require input for parameter 'num_class' for multi-classification")
    if not objective and values["num_class"]:
        raise ClientError(
            "Do not need to setup parameter 'num_class' for learning task other than multi-classification."
        )
    if "auc" in (values["eval_metric"] or ()) and not objective.startswith(("binary:", "rank:")):
        raise ClientError("Metric 'auc' can only be applied for classification and ranking problems.")
    if values["monotone_constraints"] and values["tree_method"] not in ("exact", "hist"):
        raise ClientError(
            "monotone_constraints can be used only when the tree_method parameter is set to either 'exact' or 'hist'."
        )
    if values["interaction_constraints"] and values["tree_method"] not in ("exact", "hist", "approx"):
        raise ClientError(
            "interaction_constraints can be used only when the tree_method parameter is set to either 'exact', "
            "'hist' or 'approx'."
        )
    if values["tree_method"] == "gpu_hist":
        raise ClientError(
            "Hyperparameter tree_method: gpu_hist needs a GPU, which Cumulet does not train XGBoost on"
        )


def library(values: dict[str, Any]) -> dict[str, Any]:
    """The parameters as XGBoost itself knows them."""
    given = {name: value for name, value in values.items() if value is not None and name not in OURS}
    if values["sketch_eps"] and values["tree_method"] == "approx":
        given.setdefault("max_bin", max(2, round(1 / values["sketch_eps"])))
    if values["silent"]:
        given.setdefault("verbosity", 0)
    if "interaction_constraints" in given:
        given["interaction_constraints"] = json.dumps(given["interaction_constraints"])
    return given
