"""A data frame to Parquet in the lake, then SQL through awswrangler: as one would write it for AWS."""

import awswrangler as wr
import boto3
import pandas as pd
import reviews

bucket = "journey-awswrangler"
boto3.client("s3").create_bucket(Bucket=bucket)
frame = pd.DataFrame(reviews.rows(), columns=["sentiment", "review_body", "product_category"])

wr.catalog.create_database("journey_wrangler", exist_ok=True)
wr.s3.to_parquet(
    frame,
    path=f"s3://{bucket}/reviews/",
    dataset=True,
    database="journey_wrangler",
    table="reviews",
    partition_cols=["product_category"],
)
print("written", flush=True)

for arguments in (
    {},
    {"ctas_approach": False},
    {"ctas_approach": False, "unload_approach": True, "s3_output": f"s3://{bucket}/unload/"},
):
    counts = wr.athena.read_sql_query(
        "SELECT sentiment, count(*) AS n FROM reviews GROUP BY sentiment ORDER BY sentiment",
        database="journey_wrangler",
        **arguments,
    )
    assert counts["n"].tolist() == frame.groupby("sentiment").size().tolist(), counts
    print("counted", sorted(arguments), flush=True)

dresses = wr.athena.read_sql_query(
    "SELECT * FROM reviews WHERE product_category = :category",
    database="journey_wrangler",
    params={"category": "dress"},
    paramstyle="named",
)
assert len(dresses) == (frame.product_category == "dress").sum()
back = wr.s3.read_parquet(f"s3://{bucket}/reviews/", dataset=True)
assert sorted(back.review_body) == sorted(frame.review_body)
partitions = wr.catalog.get_parquet_partitions("journey_wrangler", "reviews")
assert sorted(values[0] for values in partitions.values()) == sorted(frame.product_category.unique())

wr.catalog.delete_database("journey_wrangler")
wr.s3.delete_objects(f"s3://{bucket}/")
print("finished", flush=True)
