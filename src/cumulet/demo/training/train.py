"""Script-mode training for SageMaker's scikit-learn containers: TF-IDF and logistic regression."""

import argparse
import os
import time
from pathlib import Path

import joblib
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import Pipeline
from words import mended

parser = argparse.ArgumentParser()
parser.add_argument("-C", type=float, default=8.0)  # a name of one letter comes with one dash
parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR"))
parser.add_argument("--train", default=os.environ.get("SM_CHANNEL_TRAIN"))
parser.add_argument("--validation", default=os.environ.get("SM_CHANNEL_VALIDATION"))
parser.add_argument("--test", default=os.environ.get("SM_CHANNEL_TEST"))
options = parser.parse_args()


def read(folder: str) -> pd.DataFrame:
    files = sorted(Path(folder).rglob("*.parquet"))
    return pd.concat([pd.read_parquet(file, columns=["text", "label"]) for file in files])


train, validation, test = read(options.train), read(options.validation), read(options.test)
print(f"{len(train)} reviews to learn from, {len(validation)} to validate, {len(test)} held out", flush=True)

begun = time.perf_counter()
vectorizer = TfidfVectorizer(preprocessor=mended, ngram_range=(1, 2), min_df=5, sublinear_tf=True)
features = vectorizer.fit_transform(train["text"])
print(f"{features.shape[1]} words and pairs of words ({time.perf_counter() - begun:.1f} s)", flush=True)

begun = time.perf_counter()
classifier = LogisticRegression(C=options.C, max_iter=200)
classifier.fit(features, train["label"])
print(f"logistic regression fitted ({time.perf_counter() - begun:.1f} s)", flush=True)

model = Pipeline([("words", vectorizer), ("classifier", classifier)])
for name, part in (("validation", validation), ("test", test)):
    found = model.predict(part["text"])
    accuracy = accuracy_score(part["label"], found)
    print(f"{name}:accuracy={accuracy:.4f}; {name}:f1={f1_score(part['label'], found, average='macro'):.4f};")

joblib.dump(model, Path(options.model_dir) / "model.joblib")
