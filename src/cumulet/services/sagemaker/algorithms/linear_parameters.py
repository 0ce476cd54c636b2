"""Linear Learner's hyperparameters and metrics.

https://docs.aws.amazon.com/sagemaker/latest/dg/ll_hyperparameters.html
"""

from __future__ import annotations

from typing import Any

from .errors import ClientError
from .job import qualities
from .schema import Schema, choice, flag, integer, real
from .vectors import mini_batch

REGRESSION = (
    "squared_loss",
    "absolute_loss",
    "eps_insensitive_squared_loss",
    "eps_insensitive_absolute_loss",
    "quantile_loss",
    "huber_loss",
)
LOSSES = {
    "regressor": REGRESSION,
    "binary_classifier": ("logistic", "hinge_loss"),
    "multiclass_classifier": ("softmax_loss",),
}
CRITERIA = (
    "accuracy",
    "f_beta",
    "precision_at_target_recall",
    "recall_at_target_precision",
    "loss_function",
)
METRICS = qualities(
    ("train", "validation", "test"),
    {
        "objective_loss": "loss",
        "absolute_loss": "loss",
        "mae": "loss",
        "mse": "loss",
        "rmse": "loss",
        "r2": "score",
        "binary_classification_accuracy": "score",
        "binary_f_beta": "score",
        "precision": "score",
        "recall": "score",
        "roc_auc_score": "score",
        "multiclass_accuracy": "score",
        "multiclass_top_k_accuracy": "score",
        "macro_f_beta": "score",
        "macro_precision": "score",
        "macro_recall": "score",
    },
)

AUTO = ("auto",)
HYPERPARAMETERS = Schema(
    (
        choice("predictor_type", tuple(LOSSES), required=True),
        integer("num_classes", low=3, high=1_000_000),
        integer("accuracy_top_k", 3, low=1),
        choice("balance_multiclass_weights", ("true", "false", "True", "False"), "false"),
        real("beta_1", "auto", low=0, high=1, edges="[)", also=AUTO),
        real("beta_2", "auto", low=0, high=1, edges="[)", also=AUTO),
        real("bias_lr_mult", "auto", low=0, edges="()", also=AUTO),
        real("bias_wd_mult", "auto", low=0, also=AUTO),
        choice("binary_classifier_model_selection_criteria", CRITERIA, "accuracy"),
        integer("early_stopping_patience", 3, low=1),
        real("early_stopping_tolerance", 0.001, low=0, edges="()"),
        integer("epochs", 15, low=1),
        real("f_beta", 1.0, low=0, edges="()"),
        integer("feature_dim", "auto", low=1, also=AUTO),
        real("huber_delta", 1.0, low=0),
        real("init_bias", 0.0),
        choice("init_method", ("uniform", "normal"), "uniform"),
        real("init_scale", 0.07, low=0, edges="()"),
        real("init_sigma", 0.01, low=0, edges="()"),
        real("l1", "auto", low=0, also=AUTO),
        real("learning_rate", "auto", low=0, edges="()", also=AUTO),
        choice("loss", ("auto", *(loss for losses in LOSSES.values() for loss in losses)), "auto"),
        real("loss_insensitivity", 0.01, low=0, edges="()"),
        real("lr_scheduler_factor", "auto", low=0, high=1, edges="()", also=AUTO),
        real("lr_scheduler_minimum_lr", "auto", low=0, edges="()", also=AUTO),
        integer("lr_scheduler_step", "auto", low=1, also=AUTO),
        real("margin", 1.0, low=0),
        mini_batch(1000),
        real("momentum", "auto", low=0, high=1, edges="[)", also=AUTO),
        choice("normalize_data", ("auto", "true", "false", "True", "False"), "auto"),
        choice("normalize_label", ("auto", "true", "false", "True", "False"), "auto"),
        integer("num_calibration_samples", "auto", low=1, also=AUTO),
        integer("num_models", "auto", low=1, also=AUTO),
        integer("num_point_for_scaler", 10_000, low=1),
        choice("optimizer", ("auto", "sgd", "adam", "rmsprop"), "auto"),
        real("positive_example_weight_mult", 1.0, low=0, edges="()", also=("balanced", "auto")),
        real("quantile", 0.5, low=0, high=1, edges="()"),
        real("target_precision", 0.8, low=0, high=1, edges="()"),
        real("target_recall", 0.8, low=0, high=1, edges="()"),
        choice("unbias_data", ("auto", "true", "false", "True", "False"), "auto"),
        choice("unbias_label", ("auto", "true", "false", "True", "False"), "auto"),
        flag("use_bias", True),
        flag("use_lr_scheduler", True),
        real("wd", "auto", low=0, also=AUTO),
    )
)

MODELS = 32  # trained side by side where num_models is "auto"
AUTOMATIC: dict[str, Any] = {
    "beta_1": 0.9,
    "beta_2": 0.999,
    "bias_lr_mult": 1.0,
    "bias_wd_mult": 0.0,
    "lr_scheduler_factor": 0.99,
    "lr_scheduler_minimum_lr": 1e-5,
    "lr_scheduler_step": 10,
    "momentum": 0.0,
    "num_calibration_samples": 10_000_000,
    "num_models": MODELS,
    "optimizer": "adam",
}


def resolved(values: dict[str, Any]) -> dict[str, Any]:
    """What "auto" stands for, where it is the same for all models; and truths as truths."""
    found = {name: AUTOMATIC.get(name, value) if value == "auto" else value for name, value in values.items()}
    kind = found["predictor_type"]
    if found["loss"] == "auto":
        found["loss"] = LOSSES[kind][0]
    if found["loss"] not in LOSSES[kind]:
        raise ClientError(
            f"The loss '{found['loss']}' is not for the predictor_type '{kind}': one of {', '.join(LOSSES[kind])} is."
        )
    if kind == "multiclass_classifier" and not found["num_classes"]:
        raise ClientError(
            "No value(s) were specified for 'num_classes' which are required hyperparameter(s) where predictor_type "
            "is 'multiclass_classifier' (caused by ValidationError)"
        )
    regression = kind == "regressor"
    normal = {
        "normalize_data": True,
        "unbias_data": True,
        "normalize_label": regression,
        "unbias_label": regression,
    }
    for name, default in normal.items():
        found[name] = default if found[name] == "auto" else found[name].lower() == "true"
    found["normalize_label"] = found["normalize_label"] and regression
    found["unbias_label"] = found["unbias_label"] and regression
    found["balance_multiclass_weights"] = found["balance_multiclass_weights"].lower() == "true"
    return found
