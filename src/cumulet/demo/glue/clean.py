"""A Glue python-shell job: raw reviews in, clean train, validation and test splits in the catalog out.

Arguments: --source s3://.../ (Parquet), --target s3://.../, --database, --table.
"""

import html
import re
import sys

import awswrangler as wr
import pandas as pd

TAG = re.compile(r"<[^<>]*>")
SPACE = re.compile(r"\s+")
SPLITS = {"train": 0.8, "validation": 0.1, "test": 0.1}

given = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True))


def plain(text: str) -> str:
    """A review without its markup."""
    return SPACE.sub(" ", TAG.sub(" ", html.unescape(text))).strip()


def split(reviews: pd.DataFrame) -> pd.Series:
    """Which split each review is in: the same on every run, and each label in the same proportions."""
    order = pd.util.hash_pandas_object(reviews["text"], index=False)
    place = order.groupby(reviews["label"]).rank(method="first", pct=True)
    bounds = [0.0, SPLITS["train"], SPLITS["train"] + SPLITS["validation"], 1.0]
    return pd.cut(place, bounds, labels=list(SPLITS)).astype(str)


raw = wr.s3.read_parquet(given["--source"], dataset=True)
reviews = raw.assign(
    label=raw["label"].astype("string"),
    text=raw["text"].fillna("").map(plain),
)
empty = (reviews["text"] == "") | reviews["label"].isna()
repeated = reviews["text"].duplicated() & ~empty
with_markup = raw["text"].fillna("").str.contains(TAG).sum()
reviews = reviews[~empty & ~repeated]
reviews = reviews.assign(split=split(reviews))

wr.s3.to_parquet(
    reviews[["review_id", "text", "label", "split"]],
    path=given["--target"],
    dataset=True,
    mode="overwrite",
    database=given["--database"],
    table=given["--table"],
    partition_cols=["split"],
)
counts = reviews["split"].value_counts()
print(f"read {len(raw)} reviews: {with_markup} with markup, {empty.sum()} empty, {repeated.sum()} repeated")
print("wrote " + ", ".join(f"{counts[name]} {name}" for name in SPLITS))
