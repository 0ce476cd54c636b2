"""Public lab notebooks of this road, run unmodified against Cumulet.

The notebooks are not part of this project: name a checkout of their repository.

    cumulet run -- python tests/conformance/notebooks.py book CHECKOUT --reviews DIR [--python python3.7]
        the book "Data Science on AWS" (repository data-science-on-aws/data-science-on-aws):
        04_ingest 01 to 05 and 05_explore 01, on the Gift Card reviews
    cumulet run -- python tests/conformance/notebooks.py course CHECKOUT --reviews DIR [--python python3.7]
        the course lab "Explore the use case and analyze the dataset" (repository
        diegoALJ/Practical-Data-Science-on-the-AWS-Specialization), whose figures are checked
    cumulet run -- python tests/conformance/notebooks.py variants CHECKOUT [--python python3.7]
        the course lab on A/B tests, traffic shifting and autoscaling (repository
        xshi19/dlai-practical-data-science, labs/c3w2-*), with two models that stand in for its BERTs;
        its calls are counted in CloudWatch, and a second instance has to come. Where there is no torch
        beside Cumulet, say before: cumulet image map \\
        763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:1.6.0-cpu-py3
    cumulet run -- python tests/conformance/notebooks.py blazingtext CHECKOUT --reviews DIR [--python python3.7]
        the course lab that trains BlazingText on the balanced reviews and asks an endpoint of it (the same
        repository, labs/c1w4-*). It wants NLTK's punkt, which comes from the internet: one that is learnt from
        the reviews stands in for it. With as many buckets as the lab leaves them at, the model has 2.4 GB
    cumulet run -- python tests/conformance/notebooks.py abalone CHECKOUT --abalone FILE
        the examples of XGBoost on abalones (repository aws/amazon-sagemaker-examples, or a fork of it, of 2020):
        training, hosting and asking an endpoint, and training on Parquet through a pipe. FILE is UCI's
        abalone.data; it stands in for the two addresses that the notebooks fetch it from, the one in libsvm's form

`--reviews` is a folder with `amazon_reviews_us_Gift_Card_v1_00.tsv` and
`womens_clothing_ecommerce_reviews.csv` (or `..._balanced.csv`). `--python` is the interpreter whose environment
runs the notebooks: with Python 3.7 the course's own pins, with which all of them pass; otherwise the current
releases, with which two of the book's stop on their clients' side (awswrangler reads no partition column in
chunks any more, and matplotlib takes no rotation of "0").
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

import boto3

KERNEL = ["ipykernel", "nbclient", "ipython<9", "pickleshare", "awscli"]
CURRENT = [*KERNEL, "sagemaker<3", "awswrangler", "pyathena", "seaborn", "matplotlib"]
# What the lab's own first cell installs, on the Python it was written for; and PyAthena of the same time.
OLD = [
    *KERNEL, "sagemaker==2.35.0", "pandas==1.1.4", "awswrangler==2.7.0", "numpy==1.18.5", "seaborn==0.11.0",
    "matplotlib===3.3.3", "protobuf==3.20.*", "PyAthena==2.1.0",
]  # fmt: skip
BOOK_NOTEBOOKS = [
    "04_ingest/01_Copy_TSV_To_S3.ipynb",
    "04_ingest/02_Create_Athena_Database.ipynb",
    "04_ingest/03_Register_S3_TSV_With_Athena.ipynb",
    "04_ingest/04_Convert_S3_TSV_To_Parquet_With_Athena.ipynb",
    "04_ingest/05_Query_Data_With_AWS_DataWrangler.ipynb",
    "05_explore/01_Visualize_Reviews_Dataset.ipynb",
]
# The book's setup chapter leaves these behind; its notebooks only ask whether they are true.
BOOK_SETUP = "\n".join(
    f"setup_{part}_passed = True\nget_ipython().run_line_magic('store', 'setup_{part}_passed')"
    for part in ("dependencies", "s3_bucket", "iam_roles")
)
BOOK_CHECKS = {
    "03_Register_S3_TSV_With_Athena.ipynb": "assert len(df) == 100 and ingest_create_athena_table_tsv_passed",
    "04_Convert_S3_TSV_To_Parquet_With_Athena.ipynb": (
        "assert len(df) == 100 and ingest_create_athena_table_parquet_passed\n"
        "partitions = sorted(df_partitions.iloc[:, 0])\n"
        "assert partitions == ['product_category=Digital_Software', 'product_category=Gift Card'], partitions"
    ),
    "05_Query_Data_With_AWS_DataWrangler.ipynb": (
        "assert df_parquet_results.shape == (200, 3) and len(df) == 1652"
    ),
    "01_Visualize_Reviews_Dataset.ipynb": "assert total == 1652, total",
}
COURSE_CHECK = """
counts = dict(zip(df_count_by_sentiment["sentiment"], df_count_by_sentiment["count_sentiment"]))
assert counts == {-1: 2370, 0: 2823, 1: 17433}, counts
first = df_count_by_category.iloc[0]
assert (first["product_category"], first["count_sentiment"]) == ("Dresses", 6145), first
averages = [(row.product_category, round(row.avg_sentiment, 6)) for row in df_avg_by_category.itertuples()]
assert averages[0] == ("Layering", 0.780303) and averages[-1] == ("Trend", 0.483051), averages
assert len(df_num_words) == 22626, len(df_num_words)
print(counts, averages[0], averages[-1])
"""

# What stands in for the lab's models: the same answers' shape, from a script instead of a RoBERTa.
STAND_IN = """
import json
def model_fn(folder):
    return {"love": 1, "not": -1}
def input_fn(body, content_type):
    return [json.loads(line)["features"][0] for line in body.decode("utf-8").split("\\n")]
def predict_fn(texts, model):
    labels = [next((label for word, label in model.items() if word in text.split()), 0) for text in texts]
    return "\\n".join(json.dumps({"probability": 0.9, "predicted_label": label}) for label in labels)
def output_fn(lines, accept):
    return lines, accept
"""
# One call and a hundred at equal weights, a hundred behind the shift of all traffic to B, a hundred to scale by.
VARIANTS_CHECK = """
def calls(variant):
    found = cw.get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName="Invocations", StartTime=start_time, EndTime=end_time, Period=60,
        Statistics=["Sum"], Dimensions=[{"Name": "EndpointName", "Value": model_ab_endpoint_name},
                                        {"Name": "VariantName", "Value": variant}])
    return sum(point["Sum"] for point in found["Datapoints"])
for _ in range(60):
    counted = {name: calls(name) for name in variant_names}
    if sum(counted.values()) >= 301:
        break
    time.sleep(1)
assert counted in ({"VariantA": 51, "VariantB": 250}, {"VariantA": 50, "VariantB": 251}), counted
def instances():
    described = sm.describe_endpoint(EndpointName=model_ab_endpoint_name)["ProductionVariants"]
    return {variant["VariantName"]: variant["CurrentInstanceCount"] for variant in described}
for _ in range(100):
    if instances()["VariantB"] == 2:
        break
    predictor.predict(inputs)
    time.sleep(4)
assert instances() == {"VariantA": 1, "VariantB": 2}, instances()
print(counted, instances())
"""

# The accuracy that the lab's settings come to, by the job's own metrics; and an answer for each review.
BLAZING_CHECK = """
figures = estimator.training_job_analytics.dataframe().set_index("metric_name")["value"]
accuracy = figures["validation:accuracy"]
assert 0.4 < accuracy < 0.56, accuracy
assert [len(one["label"]) for one in predictions] == [1, 1, 1], predictions
text_classifier.delete_endpoint()
print("validation:accuracy", accuracy, [one["label"] for one in predictions])
"""
# The error of whole years on abalones that the model has not seen, through the endpoint; and by the jobs' metrics.
ABALONE_CHECK = """
described = client.describe_training_job(TrainingJobName=job_name)
figures = {one["MetricName"]: one["Value"] for one in described["FinalMetricDataList"]}
assert 1.8 < figures["validation:rmse"] < 2.6, figures
assert len(preds) == len(labels) == 626, (len(preds), len(labels))
error = float(np.sqrt(np.mean((np.array(labels) - np.array(preds)) ** 2)))
assert error < 2.8, error
print("validation:rmse", figures["validation:rmse"], "whole years off:", round(error, 2))
"""
PARQUET_CHECK = """
assert status == "Completed", client.describe_training_job(TrainingJobName=job_name).get("FailureReason")
assert metrics_dataframe["value"].iloc[-1] < 3, metrics_dataframe
print("validation:rmse", metrics_dataframe["value"].iloc[-1])
"""
# Run by the notebooks' kernel before their first cell: two addresses of the internet, answered from files.
STORED = """
import email.message, pathlib, urllib.request, urllib.response
FILES = {files!r}
class Stored(urllib.request.BaseHandler):
    handler_order = 1
    def https_open(self, request):
        if request.full_url in FILES:
            stored = pathlib.Path(FILES[request.full_url]).open("rb")
            answer = urllib.response.addinfourl(stored, email.message.Message(), request.full_url, 200)
            answer.msg = "OK"
            return answer
urllib.request.install_opener(urllib.request.build_opener(Stored))
"""
LIBSVM_ADDRESS = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/regression/abalone"
UCI_ADDRESS = "https://archive.ics.uci.edu/ml/machine-learning-databases/abalone/abalone.data"
# Where sentences end in reviews: what NLTK would have fetched, learnt here by its own trainer.
PUNKT = """
import pathlib, pickle, sys
from nltk.tokenize.punkt import PunktSentenceTokenizer, PunktTrainer
trained = PunktTrainer(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
folder = pathlib.Path(sys.argv[2], "tokenizers/punkt/PY3")
folder.mkdir(parents=True)
(folder / "english.pickle").write_bytes(pickle.dumps(PunktSentenceTokenizer(trained.get_params())))
"""


def environment(python: str, requirements: list[str], folder: Path) -> Path:
    """A virtual environment of an interpreter with what a notebook needs; its python."""
    if python == sys.executable:
        venv.create(folder, with_pip=True)
    else:
        subprocess.run([python, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin/python", "-m", "pip", "install", "-q", *requirements], check=True)
    return folder / "bin/python"


def variables(python: Path, home: Path) -> dict[str, str]:
    """The environment of `cumulet run`, with the notebook's own programs first and IPython's store aside."""
    return {
        **os.environ,
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "IPYTHONDIR": str(home / "ipython"),
        "MPLBACKEND": "agg",
    }


def run(python: Path, notebook: Path, home: Path, check: str = "") -> bool:
    program = Path(__file__).with_name("notebook.py")
    command = [python, program, notebook, "--check", check]
    finished = subprocess.run(command, cwd=notebook.parent, env=variables(python, home), check=False)
    return finished.returncode == 0


def bucket(name: str) -> None:
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=name)


def gift_cards(reviews: Path) -> tuple[bytes, bytes]:
    """The Gift Card reviews, and 200 of them under the name Digital_Software, which the notebooks select."""
    text = (reviews / "amazon_reviews_us_Gift_Card_v1_00.tsv").read_bytes().strip()
    lines = text.splitlines(keepends=True)
    renamed = [line.replace(b"\tGift Card\t", b"\tDigital_Software\t") for line in lines[1:201]]
    return gzip.compress(b"".join(lines)), gzip.compress(b"".join([lines[0], *renamed]))


def book(checkout: Path, reviews: Path, python: Path, home: Path) -> bool:
    s3 = boto3.client("s3", region_name="us-east-1")
    bucket("dsoaws")
    folder = "amazon-reviews-pds/tsv/amazon_reviews_us"
    for name, body in zip(("Gift_Card", "Digital_Software"), gift_cards(reviews), strict=True):
        s3.put_object(Bucket="dsoaws", Key=f"{folder}_{name}_v1_00.tsv.gz", Body=body)
    s3.put_object(Bucket="dsoaws", Key="amazon-reviews-pds/parquet/_SUCCESS", Body=b"")
    subprocess.run([python, "-m", "IPython", "-c", BOOK_SETUP], env=variables(python, home), check=True)
    passed = [run(python, checkout / n, home, BOOK_CHECKS.get(Path(n).name, "")) for n in BOOK_NOTEBOOKS]
    return all(passed)


def course(checkout: Path, reviews: Path, python: Path, home: Path) -> bool:
    name = "dlai-practical-data-science"
    bucket(name)
    file = "womens_clothing_ecommerce_reviews.csv"
    boto3.client("s3").upload_file(str(reviews / file), name, f"data/raw/{file}")
    (lab,) = checkout.glob("Course 1*/Week 1*/C1_W1_Assignment.ipynb")
    return run(python, lab, home, COURSE_CHECK)


def archive(script: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        entry = tarfile.TarInfo("code/inference.py")
        entry.size = len(script.encode())
        tar.addfile(entry, io.BytesIO(script.encode()))
    return buffer.getvalue()


def variants(checkout: Path, _: Path | None, python: Path, home: Path) -> bool:
    name, s3 = "dlai-practical-data-science", boto3.client("s3")
    bucket(name)
    for variant in "ab":
        s3.put_object(Bucket=name, Key=f"models/ab/variant_{variant}/model.tar.gz", Body=archive(STAND_IN))
    (lab,) = checkout.glob("labs/c3w2-*/C3_W2_Assignment_Solution.ipynb")
    return run(python, lab, home, VARIANTS_CHECK)


def blazingtext(checkout: Path, reviews: Path, python: Path, home: Path) -> bool:
    name, file = "dlai-practical-data-science", "womens_clothing_ecommerce_reviews_balanced.csv"
    bucket(name)
    boto3.client("s3").upload_file(str(reviews / file), name, f"data/balanced/{file}")
    subprocess.run([python, "-m", "pip", "install", "-q", "nltk==3.5", "scikit-learn"], check=True)
    subprocess.run([python, "-c", PUNKT, reviews / file, home / "nltk"], check=True)
    os.environ["NLTK_DATA"] = str(home / "nltk")
    (lab,) = checkout.glob("labs/c1w4-*/C1_W4_Assignment_Solution.ipynb")
    return run(python, lab, home, BLAZING_CHECK)


def libsvm(rows: str) -> str:
    """UCI's rows with the rings first and the sex as a number, as that site has them."""
    found = []
    for line in rows.splitlines():
        sex, *sizes, rings = line.split(",")
        numbers = [str("MFI".index(sex) + 1), *sizes]
        found.append(" ".join([rings, *(f"{number}:{size}" for number, size in enumerate(numbers, 1))]))
    return "\n".join(found) + "\n"


def abalone(checkout: Path, file: Path, python: Path, home: Path) -> bool:
    converted = home / "abalone.libsvm"
    converted.write_text(libsvm(file.read_text()))
    start = home / "ipython/profile_default/startup/stored.py"
    start.parent.mkdir(parents=True)
    start.write_text(STORED.format(files={LIBSVM_ADDRESS: str(converted), UCI_ADDRESS: str(file)}))
    (home / "constraints.txt").write_text(
        "sagemaker<3\n"
    )  # the notebooks ask for the newest, and speak the second
    os.environ["PIP_CONSTRAINT"] = str(home / "constraints.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "scikit-learn", "pandas<3", "pyarrow"], check=True)
    folder = checkout / "introduction_to_amazon_algorithms/xgboost_abalone"
    checks = {"xgboost_abalone": ABALONE_CHECK, "xgboost_parquet_input_training": PARQUET_CHECK}
    passed = [run(python, folder / f"{name}.ipynb", home, check) for name, check in checks.items()]
    return all(passed)


JOURNEYS = {
    "book": book,
    "course": course,
    "variants": variants,
    "blazingtext": blazingtext,
    "abalone": abalone,
}


def main() -> int:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("notebooks", choices=JOURNEYS)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--reviews", type=Path, help="for all but `variants` and `abalone`")
    parser.add_argument("--abalone", type=Path, help="for `abalone`")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to make an environment of")
    parser.add_argument("--environment", type=Path, help="an environment that has all the notebooks need")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        # A copy, since notebooks write files beside themselves.
        git = shutil.ignore_patterns(".git")
        checkout = shutil.copytree(arguments.checkout.resolve(), home / "checkout", ignore=git)
        python = (
            arguments.environment.absolute() / "bin/python"
            if arguments.environment
            else environment(
                arguments.python, CURRENT if arguments.python == sys.executable else OLD, home / "environment"
            )
        )
        data = arguments.abalone or arguments.reviews
        journey = JOURNEYS[arguments.notebooks]
        return 0 if journey(checkout, data and data.resolve(), python, home) else 1


if __name__ == "__main__":
    sys.exit(main())
