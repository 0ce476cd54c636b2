"""A script-mode training script: a classifier of review texts."""

import argparse
import os
import time
from pathlib import Path

import joblib
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

parser = argparse.ArgumentParser()
parser.add_argument("--inverse-strength", type=float, default=1.0)
parser.add_argument("--pause", type=float, default=0.0)
parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
arguments = parser.parse_args()

frame = pd.concat(pd.read_csv(path) for path in sorted(Path(arguments.train).rglob("*.csv")))
print("rows read:", len(frame), flush=True)
time.sleep(arguments.pause)
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=arguments.inverse_strength, max_iter=500))
model.fit(frame["review_body"], frame["sentiment"])
print(f"train:accuracy={model.score(frame['review_body'], frame['sentiment']):.4f}", flush=True)
joblib.dump(model, Path(arguments.model_dir) / "model.joblib")
