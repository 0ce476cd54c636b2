"""DDL, CTAS and queries through PyAthena's cursors: as one would write it for AWS."""

import boto3
import reviews
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

bucket = "journey-pyathena"
boto3.client("s3").create_bucket(Bucket=bucket)
boto3.client("s3").put_object(Bucket=bucket, Key="raw/reviews.csv", Body=reviews.as_csv())
connection = connect(s3_staging_dir=f"s3://{bucket}/staging/")
cursor = connection.cursor()

cursor.execute("CREATE DATABASE IF NOT EXISTS journey_pyathena")
cursor.execute(f"""
    CREATE EXTERNAL TABLE journey_pyathena.raw (sentiment string, review_body string, product_category string)
    ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'
    WITH SERDEPROPERTIES ('separatorChar' = ',', 'quoteChar' = '"')
    LOCATION 's3://{bucket}/raw/'
    TBLPROPERTIES ('skip.header.line.count' = '1')
""")
assert ("raw",) in cursor.execute("SHOW TABLES IN journey_pyathena").fetchall()
print("created", flush=True)

cursor.execute(f"""
    CREATE TABLE journey_pyathena.clean
    WITH (format = 'PARQUET', external_location = 's3://{bucket}/clean/', partitioned_by = ARRAY['product_category'])
    AS SELECT CAST(sentiment AS integer) AS sentiment, length(review_body) AS characters, product_category
    FROM journey_pyathena.raw
""")
print("converted", flush=True)

rows = reviews.rows()
total = cursor.execute("SELECT count(*), avg(characters) FROM journey_pyathena.clean").fetchone()
assert total == (len(rows), sum(len(text) for _, text, _ in rows) / len(rows)), total
asked = """
    SELECT count(*) AS n FROM journey_pyathena.clean
    WHERE product_category = %(category)s AND sentiment = %(sentiment)d
"""
found = connection.cursor(DictCursor).execute(asked, {"category": "skirt", "sentiment": -1}).fetchone()
assert found == {"n": sum(s == -1 and c == "skirt" for s, _, c in rows)}, found
frame = (
    connection.cursor(PandasCursor)
    .execute(
        "SELECT product_category, sentiment, count(*) AS n FROM journey_pyathena.clean GROUP BY 1, 2 ORDER BY 1, 2"
    )
    .as_pandas()
)
assert frame["n"].sum() == len(rows) and list(frame.columns) == ["product_category", "sentiment", "n"]
for unload in (False, True):
    table = (
        connection.cursor(ArrowCursor, unload=unload)
        .execute("SELECT * FROM journey_pyathena.clean")
        .as_arrow()
    )
    assert table.num_rows == len(rows) and table["characters"].null_count == 0
print("counted", flush=True)

cursor.execute("DROP TABLE journey_pyathena.clean")
cursor.execute("DROP TABLE journey_pyathena.raw")
cursor.execute("DROP DATABASE journey_pyathena")
print("finished", flush=True)
