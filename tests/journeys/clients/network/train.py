"""A network of one neuron learns to add two numbers, and is saved as TensorFlow Serving wants it: as version 1."""

import argparse
import os

import keras
import numpy

arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int)
arguments.add_argument("--model_dir")
given = arguments.parse_args()
assert given.model_dir.startswith("s3://"), given.model_dir

rows = numpy.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "sums.csv"), delimiter=",", dtype="float32")
network = keras.Sequential([keras.Input((2,), name="pair"), keras.layers.Dense(1, name="sum")])
network.compile(keras.optimizers.SGD(0.1), "mse")
history = network.fit(rows[:, :2], rows[:, 2:], epochs=given.epochs, verbose=0)
print(f"loss={history.history['loss'][-1]:.6f};", flush=True)
network.export(os.path.join(os.environ["SM_MODEL_DIR"], "1"))
