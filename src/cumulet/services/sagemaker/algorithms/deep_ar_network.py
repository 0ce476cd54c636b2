"""DeepAR's network, as gluonts has it in torch. Imported only where it is trained or asked: torch is heavy.

https://ts.gluon.ai/stable/api/gluonts/gluonts.torch.model.deepar.html
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .errors import ClientError, missing
from .series import Series

try:
    import lightning.pytorch as lightning
    import pandas
    import torch
    from gluonts.torch.distributions import (
        BetaOutput,
        NegativeBinomialOutput,
        NormalOutput,
        StudentTOutput,
    )
    from gluonts.torch.distributions.distribution_output import DistributionOutput
    from gluonts.torch.model.deepar import DeepAREstimator
except ImportError:
    raise missing("gluonts[torch]", "deepar") from None

FREQUENCIES = {"H": "h", "min": "min", "D": "D", "W": "W", "M": "M"}  # AWS's names, and those of pandas


class Certain(torch.distributions.Laplace):  # type: ignore[misc]
    """Learnt by the distance to one value, which is all that is ever drawn."""

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc.expand(self._extended_shape(torch.Size(sample_shape)))


class CertainOutput(DistributionOutput):  # type: ignore[misc]
    args_dim = {"loc": 1, "scale": 1}
    distr_cls = Certain
    event_shape = ()

    @classmethod
    def domain_map(cls, loc: Any, scale: Any) -> tuple[Any, Any]:
        return loc.squeeze(-1), torch.ones_like(scale).squeeze(-1)


OUTPUTS = {
    "student-T": StudentTOutput,
    "gaussian": NormalOutput,
    "negative-binomial": NegativeBinomialOutput,
    "beta": BetaOutput,
    "deterministic-L1": CertainOutput,
}


class Teller(lightning.Callback):  # type: ignore[misc]
    """Tells the loss of each epoch."""

    def __init__(self, tell: Callable[[int, float], None]) -> None:
        self.tell = tell

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        self.tell(trainer.current_epoch, float(trainer.callback_metrics["train_loss"]))


class Forecaster:
    """`settings` are the hyperparameters, with what the data says where they say "auto"."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        number = settings["time_freq"].rstrip("HminDWM")
        self.frequency = number + FREQUENCIES[settings["time_freq"].removeprefix(number)]

    def estimator(self, **more: Any) -> Any:
        own, cardinality = self.settings, self.settings["cardinality"]
        return DeepAREstimator(
            freq=self.frequency,
            prediction_length=own["prediction_length"],
            context_length=own["context_length"],
            num_layers=own["num_layers"],
            hidden_size=own["num_cells"],
            lr=own["learning_rate"],
            dropout_rate=own["dropout_rate"],
            num_feat_dynamic_real=own["num_dynamic_feat"],
            num_feat_static_cat=len(cardinality),
            cardinality=cardinality or None,
            embedding_dimension=[own["embedding_dimension"]] * len(cardinality) or None,
            distr_output=OUTPUTS[own["likelihood"]](),
            batch_size=own["mini_batch_size"],
            **more,
        )

    def entry(self, one: Series) -> dict[str, Any]:
        """A series as gluonts has it."""
        try:
            start = pandas.Period(one.start, self.frequency)
        except ValueError as error:
            raise ClientError(f"The start {one.start} is no time: {error}") from None
        found: dict[str, Any] = {"start": start, "target": one.target}
        if self.settings["cardinality"]:
            found["feat_static_cat"] = list(one.cat)
        if self.settings["num_dynamic_feat"]:
            found["feat_dynamic_real"] = one.dynamic
        return found

    def train(self, data: list[Series], tell: Callable[[int, float], None]) -> None:
        own = self.settings
        torch.manual_seed(0)
        np.random.seed(0)
        callbacks = [Teller(tell)]
        if own["early_stopping_patience"]:
            patience = own["early_stopping_patience"]
            callbacks.append(lightning.callbacks.EarlyStopping("train_loss", patience=patience))
        window = own["context_length"] + own["prediction_length"]
        windows = sum(len(one.target) for one in data) // window
        with tempfile.TemporaryDirectory() as folder:
            trainer = {
                "max_epochs": own["epochs"],
                "callbacks": callbacks,
                "default_root_dir": folder,
                "logger": False,
                "enable_progress_bar": False,
                "enable_model_summary": False,
            }
            estimator = self.estimator(
                num_batches_per_epoch=max(1, -(-windows // own["mini_batch_size"])), trainer_kwargs=trainer
            )
            self.predictor = estimator.train([self.entry(one) for one in data])

    def samples(self, data: list[Series], count: int) -> list[np.ndarray]:
        """Ways that each series may go: so many rows of prediction_length values."""
        self.predictor.prediction_net.model.num_parallel_samples = count
        forecasts = self.predictor.predict([self.entry(one) for one in data], num_samples=count)
        return [np.asarray(forecast.samples) for forecast in forecasts]

    def save(self, path: Path) -> None:
        state = self.predictor.prediction_net.state_dict()
        torch.save({"settings": json.dumps(self.settings), "state": state}, path)

    @classmethod
    def load(cls, path: Path) -> Forecaster:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        forecaster = cls(json.loads(saved["settings"]))
        estimator = forecaster.estimator()
        module = estimator.create_lightning_module()
        module.load_state_dict(saved["state"])
        module.eval()
        forecaster.predictor = estimator.create_predictor(estimator.create_transformation(), module)
        return forecaster
