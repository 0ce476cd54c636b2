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
    library: str
    reads: str  # its training data
    answers: str  # what it says of a request
    leaves: str  # in model.tar.gz
    needs: tuple[tuple[str, str], ...] = ()  # what has to be importable, and the package that has it
    repositories: tuple[str, ...] = ()  # other names of its images
    extra: str = "algorithms"  # with which Cumulet is installed for it
    shared: bool = False  # whether the hosts of a job train one model together

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
VECTORS = "RecordIO-protobuf, CSV"
TABLES = (
    "`{}`, `validation`: CSV, the label first; `categorical_index.json` beside it. Without `validation`, a fifth of "
    "the data is held out. AWS has one model for regressions and one for classes: here the metric says which, or the "
    "image's tag (`regression`, `classification`)"
)
PROBABILITIES = (
    '`{"prediction": [...]}` or `{"probabilities": [[...]]}`, with `labels` and `predicted_label` for `Accept: '
    "application/json;verbose`; CSV is read, JSON answered"
)

ALGORITHMS = (
    Algorithm(
        "blazingtext",
        "BlazingText",
        "blazing_text",
        "fastText",
        "`train`, `validation`: lines of text (`__label__x ...` for classes), augmented manifests",
        '`[{"label": [...], "prob": [...]}]` for `{"instances": [...], "configuration": {"k": 1}}`, `[{"vector": '
        '[...], "word": "..."}]` for words; JSON Lines',
        "`model.bin`; of words `vectors.txt`, with subwords `vectors.bin` too: fastText's own files",
        (("fasttext", "fasttext-numpy2-wheel"),),
    ),
    Algorithm(
        "catboost",
        "CatBoost",
        "catboost_trees",
        "CatBoost",
        TABLES.format("training"),
        PROBABILITIES,
        "`model.cbm`, CatBoost's own file",
        (("catboost", "catboost"),),
        ("catboost-training", "catboost-inference"),
    ),
    Algorithm(
        "factorization-machines",
        "Factorization Machines",
        "factorization_machines",
        "numpy, scipy",
        f"`train`, `test`: {VECTORS}; sparse vectors stay sparse",
        '`{"predictions": [{"score": ..., "predicted_label": ...}]}`',
        "`model_algo-1`, a zip archive whose `params` are MXNet's arrays; without `symbol.json`",
        (SCIPY,),
    ),
    Algorithm(
        "forecasting-deepar",
        "DeepAR",
        "deep_ar",
        "gluonts and torch (`pip install 'cumulet[deepar]'`; SageMaker's is MXNet)",
        '`train`, `test`: JSON Lines, packed or not, or Parquet: `{"start": ..., "target": [...], "cat": [...], '
        '"dynamic_feat": [[...]]}`',
        '`{"predictions": [{"mean": [...], "quantiles": {"0.5": [...]}, "samples": [[...]]}]}` for `{"instances": '
        '[...], "configuration": {"num_samples": 100, "output_types": [...], "quantiles": [...]}}`; JSON Lines as '
        "`DEEPAR_INFERENCE_CONFIG` says",
        "`model_algo-1`, a file of torch's",
        (("gluonts", "gluonts[torch]"), ("torch", "torch"), ("lightning", "lightning")),
        extra="deepar",
    ),
    Algorithm(
        "kmeans",
        "K-Means",
        "k_means",
        "numpy, scikit-learn",
        f"`train`, `test`: {VECTORS}",
        '`{"predictions": [{"closest_cluster": ..., "distance_to_cluster": ...}]}`',
        "`model_algo-1`: the centers, as `mx.nd.load` reads them",
        (SKLEARN,),
    ),
    Algorithm(
        "knn",
        "K-Nearest Neighbors",
        "nearest_neighbors",
        "numpy; faiss for the indexes IVFFlat and IVFPQ (`pip install faiss-cpu`)",
        f"`train`, `test`: {VECTORS}",
        '`{"predictions": [{"predicted_label": ...}]}`, with `distances` and `labels` for `Accept: '
        "application/json; verbose=true`",
        "`model_algo-1`, a file of Cumulet's own",
    ),
    Algorithm(
        "lda",
        "Latent Dirichlet Allocation",
        "topics",
        "scikit-learn's variational inference (SageMaker's is a tensor decomposition)",
        f"`train`, `test`: {VECTORS}, how often each word is in a document",
        '`{"predictions": [{"topic_mixture": [...]}]}`',
        "`model_algo-1`: `alpha` and `beta`, as `mx.nd.load` reads them",
        (SKLEARN,),
    ),
    Algorithm(
        "lightgbm",
        "LightGBM",
        "lightgbm_trees",
        "LightGBM",
        TABLES.format("train"),
        PROBABILITIES,
        "`model.txt`, LightGBM's own file",
        (("lightgbm", "lightgbm"),),
        ("lightgbm-training", "lightgbm-inference"),
        shared=True,
    ),
    Algorithm(
        "linear-learner",
        "Linear Learner",
        "linear_learner",
        "numpy",
        f"`train`, `validation`, `test`: {VECTORS}",
        '`{"predictions": [{"score": ..., "predicted_label": ...}]}`',
        "`model_algo-1`, a zip archive whose `mx-mod-0000.params` are MXNet's arrays; without a symbol",
    ),
    Algorithm(
        "ntm",
        "Neural Topic Model",
        "neural_topics",
        "numpy (SageMaker's is MXNet)",
        f"`train`, `validation`, `test`: {VECTORS}, how often each word is in a document; `auxiliary`: `vocab.txt`, "
        "whose words the topics are told in. The coherence WETC is not told",
        '`{"predictions": [{"topic_weights": [...]}]}`',
        "`model_algo-1`, a zip archive whose `params` are MXNet's arrays (`arg:projection_weight` has a row for each "
        "word); without `symbol.json`",
    ),
    Algorithm(
        "pca",
        "Principal Component Analysis",
        "principal_components",
        "numpy",
        f"`train`: {VECTORS}",
        '`{"projections": [{"projection": [...]}]}`, the largest component last',
        "`model_algo-1`: `mean`, `s` and `v`, as `mx.nd.load` reads them",
    ),
    Algorithm(
        "randomcutforest",
        "Random Cut Forest",
        "random_cut_forest",
        "numpy",
        f"`train`, `test` (labelled, 1 for an anomaly): {VECTORS}",
        '`{"scores": [{"score": ...}]}`',
        "`model_algo-1`, a file of Cumulet's own",
    ),
    Algorithm(
        "xgboost",
        "XGBoost",
        "xgboost_trees",
        "XGBoost, whichever version is installed, for every version of the image",
        "`train`, `validation`: CSV, libsvm, Parquet, RecordIO-protobuf",
        'the scores as CSV (on one line from images before 1.5), `{"predictions": [{"score": ...}]}` as JSON, JSON '
        "Lines, RecordIO-protobuf; `SAGEMAKER_INFERENCE_OUTPUT` selects more",
        "`xgboost-model`: what `Booster.load_model` reads; a pickled booster from images before 1.3",
        (("xgboost", "xgboost-cpu"), SCIPY),
        ("sagemaker-xgboost",),
        shared=True,
    ),
)

REFUSED = {
    "tabtransformer-training": "TabTransformer",
    "autogluon-inference": "AutoGluon-Tabular",
    "autogluon-training": "AutoGluon-Tabular",
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
