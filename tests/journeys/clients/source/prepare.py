"""A processing script: the reviews of two files out of one, for training and for a batch transform."""

import argparse
import json
from pathlib import Path

import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--share", type=float, default=0.8)
arguments = parser.parse_args()

base = Path("/opt/ml/processing")
frame = pd.read_csv(base / "input/reviews.csv")
print("rows to prepare:", len(frame), flush=True)
border = int(len(frame) * arguments.share)
frame[:border].to_csv(base / "train/reviews.csv", index=False)
lines = [json.dumps([text]) for text in frame["review_body"][border:]]
(base / "test/reviews.jsonl").write_text("\n".join(lines))
