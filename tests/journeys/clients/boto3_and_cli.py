"""Raw reviews into S3 with the aws CLI, a crawler and SQL with boto3: as one would write it for AWS."""

import subprocess
import time

import boto3
import reviews

BUCKET = "journey-boto3"

s3 = boto3.client("s3")
glue = boto3.client("glue")
athena = boto3.client("athena")
role = boto3.client("sts").get_caller_identity()["Arn"].split("/")[1]


def aws(*words: str) -> str:
    return subprocess.run(["aws", *words], check=True, capture_output=True, text=True).stdout


def wait_for_crawler(name: str) -> None:
    while glue.get_crawler(Name=name)["Crawler"]["State"] != "READY":
        time.sleep(0.2)


def ask(sql: str) -> list[list[str]]:
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": "journey"},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )
    query = started["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
        if status["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.05)
    assert status["State"] == "SUCCEEDED", status
    result = athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
    return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in result[1:]]


with open("reviews.json", "wb") as file:
    file.write(reviews.as_json_lines())
aws("s3", "mb", f"s3://{BUCKET}")
aws("s3", "cp", "reviews.json", f"s3://{BUCKET}/raw/reviews/reviews.json")
assert "reviews.json" in aws("s3", "ls", f"s3://{BUCKET}/raw/reviews/")
print("uploaded", flush=True)

glue.create_database(DatabaseInput={"Name": "journey"})
glue.create_crawler(
    Name="reviews",
    Role=role,
    DatabaseName="journey",
    Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/raw/reviews/"}]},
)
glue.start_crawler(Name="reviews")
print("crawling", flush=True)
wait_for_crawler("reviews")
assert glue.get_crawler(Name="reviews")["Crawler"]["LastCrawl"]["Status"] == "SUCCEEDED"
table = glue.get_table(DatabaseName="journey", Name="reviews")["Table"]
types = {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}
assert types == {"sentiment": "int", "review_body": "string", "product_category": "string"}, types
print("crawled", flush=True)

counts = {int(s): int(n) for s, n in ask("SELECT sentiment, count(*) FROM reviews GROUP BY sentiment")}
expected = [row[0] for row in reviews.rows()]
assert counts == {s: expected.count(s) for s in (-1, 0, 1)}, counts
print("counted", counts, flush=True)

aws("s3", "sync", f"s3://{BUCKET}/raw", "copy")
with open("copy/reviews/reviews.json", "rb") as file:
    assert file.read() == reviews.as_json_lines()
url = aws("s3", "presign", f"s3://{BUCKET}/raw/reviews/reviews.json").strip()
downloaded = subprocess.run(["curl", "-sf", url], check=True, capture_output=True).stdout
assert downloaded == reviews.as_json_lines()

glue.delete_crawler(Name="reviews")
glue.delete_database(Name="journey")
aws("s3", "rb", "--force", f"s3://{BUCKET}")
assert BUCKET not in aws("s3", "ls")
print("finished", flush=True)
