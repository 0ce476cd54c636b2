"""A model behind an endpoint, beside the servers that people use for models, and beside predict() alone.

    make bench-serving
    python bench/serving.py [--quick] [--python PYTHON] [--idle N] [--write docs/benchmarks.md]

One scikit-learn text classifier and one payload everywhere. Cumulet is asked as its clients ask it: by signed
requests, each signature checked, metrics counted; the others check nothing. They run side by side and are measured in
turn, round by round, by one client (load.py) which is no limit to them: read the ratios. PYTHON is the interpreter of
an environment with MLflow, BentoML, LitServe and Ray Serve; what it has not is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import io
import json
import random
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import repeat
from pathlib import Path
from statistics import median
from typing import Any

import boto3
import idle_endpoints
import model_servers
import servers
from load import Driver, Message

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BEGIN, END = "<!-- bench/serving.py begins -->", "<!-- bench/serving.py ends -->"
PACKAGED = ("LitServe", "BentoML", "MLflow", "Ray Serve")


@dataclass
class Subject:
    """Something that answers: how to ask it, and what came of it."""

    name: str
    port: int
    message: Callable[[], Message]  # made anew for each measurement, as a signature holds for minutes
    cpu: Any
    memory: Any
    start_seconds: float
    rates: dict[int, list[float]] = field(default_factory=dict)
    p50: dict[int, list[float]] = field(default_factory=dict)
    p99: dict[int, list[float]] = field(default_factory=dict)
    costs: dict[int, list[float]] = field(default_factory=dict)

    def measure(self, driver: Driver, clients: int, seconds: float) -> None:
        before = self.cpu()
        outcome = driver.drive(self.port, partial(repeat, self.message()), clients, seconds)
        self.rates.setdefault(clients, []).append(outcome.rate)
        self.p50.setdefault(clients, []).append(outcome.percentile(0.5))
        self.p99.setdefault(clients, []).append(outcome.percentile(0.99))
        self.costs.setdefault(clients, []).append((self.cpu() - before) * 1000 / len(outcome.latencies))


def train(folder: Path) -> tuple[Path, str]:
    """A classifier of texts of 80 words out of 20,000, and the JSON of one such text."""
    import joblib
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    chance = random.Random(7)
    words = [f"word{number}" for number in range(20_000)]
    texts = [" ".join(chance.choices(words, k=80)) for _ in range(4_000)]
    labels = [chance.randint(0, 2) for _ in texts]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=50)).fit(texts, labels)
    joblib.dump(model, folder / "model.joblib")
    return folder / "model.joblib", json.dumps(texts[:1])


def predict_alone(model: Path, texts: str, seconds: float) -> float:
    """The floor: the median of predict(), in milliseconds."""
    import joblib

    loaded, given, taken = joblib.load(model), json.loads(texts), []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        loaded.predict(given)
        taken.append(time.perf_counter() - begin)
    return median(taken) * 1000


@contextlib.contextmanager
def cumulet(model: Path, texts: str) -> Iterator[Subject]:
    with servers.cumulet() as server:
        began = time.perf_counter()
        deploy(server, model)
        message = partial(signed, server, "/endpoints/bench/invocations", texts.encode())
        deployed = time.perf_counter() - began
        yield Subject("Cumulet", server.port, message, server.cpu, server.memory, deployed)


def client_of(server: servers.Server, name: str) -> Any:
    keys = {"aws_access_key_id": server.access_key, "aws_secret_access_key": server.secret_key}
    return boto3.client(name, endpoint_url=server.endpoint, region_name="us-east-1", **keys)


def idle(model: Path, count: int) -> str:
    """On a server of their own, so that nothing else is measured."""
    with servers.cumulet() as server:
        deploy(server, model)
        return idle_endpoints.report(server, client_of(server, "sagemaker"), "bench", count)


def deploy(server: servers.Server, model: Path) -> None:
    """An endpoint in service, data capture on at the rate that the course has it: all of it."""
    client = partial(client_of, server)
    s3, sagemaker = client("s3"), client("sagemaker")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        tar.add(model, "model.joblib")
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="model.tar.gz", Body=buffer.getvalue())
    role = client("iam").get_role(RoleName="CumuletAdministrator")["Role"]["Arn"]
    container = {"Image": IMAGE, "ModelDataUrl": "s3://bench/model.tar.gz"}
    sagemaker.create_model(ModelName="bench", ExecutionRoleArn=role, PrimaryContainer=container)
    variant = {
        "VariantName": "a",
        "ModelName": "bench",
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://bench/captured",
        "CaptureOptions": [{"CaptureMode": "InputAndOutput"}],
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName="bench", ProductionVariants=[variant], DataCaptureConfig=capture
    )
    sagemaker.create_endpoint(EndpointName="bench", EndpointConfigName="bench")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="bench", WaiterConfig={"Delay": 1})
    client("sagemaker-runtime").invoke_endpoint(EndpointName="bench", Body=b'["word1"]')


def signed(server: servers.Server, path: str, body: bytes) -> Message:
    """A signed request that may be sent again and again."""
    stamp, host = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()), f"127.0.0.1:{server.port}"
    names = "host;x-amz-date"
    headers = f"host:{host}\nx-amz-date:{stamp}\n"
    canonical = f"POST\n{path}\n\n{headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/us-east-1/sagemaker/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{server.secret_key}".encode()
    for word in scope.split("/"):
        key = hmac.digest(key, word.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"Credential={server.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    authorization = f"AWS4-HMAC-SHA256 {who}"
    return post(server.port, path, body, f"x-amz-date: {stamp}\r\nAuthorization: {authorization}\r\n")


def post(port: int, path: str, body: bytes, more: str = "") -> Message:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{more}\r\n"
    )
    return Message(head.encode() + body)


def run(options: argparse.Namespace) -> str:
    plan = ((1, 16), 2.0, 2) if options.quick else ((1, 16, 64), 4.0, 3)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        model, texts = train(folder)
        lines = [idle(model, options.idle)] if options.idle else []
        driver = stack.enter_context(Driver())
        subjects = [stack.enter_context(cumulet(model, texts))]
        for server in model_servers.all_of(options.python, folder, model):
            rival = stack.enter_context(server)
            message = partial(post, rival.port, rival.path, rival.body(texts))
            subjects.append(
                Subject(rival.name, rival.port, message, rival.cpu, rival.memory, rival.start_seconds)
            )
        floors = []
        clients, seconds, rounds = plan
        for subject in subjects:
            subject.measure(driver, 4, 0.5)
            for found in (subject.rates, subject.p50, subject.p99, subject.costs):
                found.clear()
        for _ in range(rounds):
            floors.append(predict_alone(model, texts, 1.0))
            for count in clients:
                for subject in subjects:
                    subject.measure(driver, count, seconds)
        return "\n\n".join([report(subjects, median(floors), clients), *lines])


def report(subjects: list[Subject], floor: float, clients: tuple[int, ...]) -> str:
    lines = [f"predict() alone: {floor:.2f} ms."]
    for count in clients:
        lines += [
            "",
            f"| {count} connection(s) | requests/s | p50, ms | p99, ms | CPU for each, ms | MB | start, s |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {subject.name} | {median(subject.rates[count]):,.0f} | {median(subject.p50[count]):.2f} "
            f"| {median(subject.p99[count]):.1f} | {median(subject.costs[count]):.2f} "
            f"| {subject.memory() >> 20} | {subject.start_seconds:.1f} |"
            for subject in subjects
        ]
    own = subjects[0]
    lines += [
        "",
        f"Overhead over predict(), 1 connection, p50 (aim: 1.5 ms): {median(own.p50[1]) - floor:.2f} ms.",
    ]
    packaged = [subject for subject in subjects if subject.name in PACKAGED]
    if packaged and 16 in clients:
        best = max(packaged, key=lambda subject: median(subject.rates[16]))
        ratio = median(own.rates[16]) / median(best.rates[16])
        lines.append(f"At 16 connections beside the best packaged server, {best.name} (aim: 3): {ratio:.2f}.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="two rounds of two seconds")
    parser.add_argument("--python", type=Path, help="of the environment with the other servers")
    parser.add_argument(
        "--idle", type=int, default=0, metavar="N", help="what N idle endpoints take, besides"
    )
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into this page")
    options = parser.parse_args()
    told = run(options)
    print(told)
    if options.write:
        text = options.write.read_text()
        before, _, rest = text.partition(BEGIN)
        options.write.write_text(f"{before}{BEGIN}\n{told}\n{END}{rest.partition(END)[2]}")


if __name__ == "__main__":
    main()
