"""Which algorithms there are: the images that name them, the libraries they stand on, and those not done.

https://docs.aws.amazon.com/sagemaker/latest/dg-ecr-paths/sagemaker-algo-docker-registry-paths.html
"""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

from .job import Metric
from .schema import Schema


@dataclass(frozen=True, slots=True)
class Algorithm:
    name: str  # as its image is called
    title: str
    module: str  # in this package: HYPERPARAMETERS, METRICS, train(job), load(folder, version)
    needs: tuple[tuple[str, str], ...]  # what has to be importable, and the package that has it
    page: str  # of AWS's developer guide
    repositories: tuple[str, ...] = ()

    @property
    def code(self) -> Any:
        return importlib.import_module(f".{self.module}", __package__)

    @property
    def schema(self) -> Schema:
        schema: Schema = self.code.HYPERPARAMETERS
        return schema

    @property
    def metrics(self) -> tuple[Metric, ...]:
        metrics: tuple[Metric, ...] = self.code.METRICS
        return metrics

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed in this Python."""
        return [package for module, package in self.needs if importlib.util.find_spec(module) is None]


SCIPY, SKLEARN = ("scipy", "scipy"), ("sklearn", "scikit-learn")

ALGORITHMS = (
    Algorithm(
        "blazingtext",
        "BlazingText",
        "blazing_text",
        (("fasttext", "fasttext-numpy2-wheel"),),
        "blazingtext",
    ),
    Algorithm(
        "factorization-machines",
        "Factorization Machines",
        "factorization_machines",
        (SCIPY,),
        "fact-machines",
    ),
    Algorithm("kmeans", "K-Means", "k_means", (SKLEARN,), "k-means"),
    Algorithm("knn", "K-Nearest Neighbors", "nearest_neighbors", (), "k-nearest-neighbors"),
    Algorithm("linear-learner", "Linear Learner", "linear_learner", (), "linear-learner"),
    Algorithm("pca", "Principal Component Analysis", "principal_components", (), "pca"),
    Algorithm("randomcutforest", "Random Cut Forest", "random_cut_forest", (), "randomcutforest"),
    Algorithm(
        "xgboost",
        "XGBoost",
        "xgboost_trees",
        (("xgboost", "xgboost-cpu"), SCIPY),
        "xgboost",
        ("sagemaker-xgboost",),
    ),
)

REFUSED = {
    "autogluon-inference": "AutoGluon-Tabular",
    "autogluon-training": "AutoGluon-Tabular",
    "catboost-training": "CatBoost",
    "forecasting-deepar": "DeepAR",
    "lda": "Latent Dirichlet Allocation",
    "lightgbm-training": "LightGBM",
    "ntm": "Neural Topic Model",
    "image-classification": "Image Classification",
    "ipinsights": "IP Insights",
    "object-detection": "Object Detection",
    "object2vec": "Object2Vec",
    "semantic-segmentation": "Semantic Segmentation",
    "seq2seq": "Sequence-to-Sequence",
}


def find(repository: str) -> Algorithm | None:
    """The algorithm of an image's repository; None where it is none that is done."""
    return next((a for a in ALGORITHMS if repository in (a.name, *a.repositories)), None)


def named(name: str) -> Algorithm:
    return next(algorithm for algorithm in ALGORITHMS if algorithm.name == name)
