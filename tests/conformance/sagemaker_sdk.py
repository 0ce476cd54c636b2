"""The sagemaker SDK 2's own integration tests, run unmodified against Cumulet.

The suite is not part of this project: name a checkout of aws/sagemaker-python-sdk at its branch master-v2,
and a Python that has what the tests import (`pip install sagemaker==2.257.7 'pytest<9' pytest-timeout
pytest-rerunfailures mock stopit contextlib2 docker scikit-learn pandas pillow scipy awslogs fabric`).

    python tests/conformance/sagemaker_sdk.py CHECKOUT --python VENV/bin/python [--results FILE]
        jobs: session, S3, scikit-learn, XGBoost, PyTorch, processing, tuning, transform
    ... --files test_multi_variant_endpoint.py test_async_inference.py
        others; those of endpoints are named in ENDPOINTS below, those of algorithms in ALGORITHMS
    ... --pytest="-m 'not slow_test' -k sklearn"

A server of its own is started on a fresh data directory. In it is made the role that the tests go by; the
models train and serve with the packages of the Python that runs this script.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import boto3
from suite import Account, Outcome, account, main, run_pytest

from cumulet import environment
from cumulet.launch import Child

REGION = "us-west-2"  # the suite's own default
ROLE = "SageMakerRole"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "sagemaker.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
JOBS = [
    "test_session.py", "test_s3.py", "test_data_upload.py", "test_model_package.py", "test_source_dirs.py",
    "test_sklearn.py", "test_xgboost.py", "test_pytorch.py", "test_torch_distributed.py", "test_processing.py",
    "test_tuner.py", "test_tuner_multi_algo.py", "test_transformer.py", "test_byo_estimator.py", "test_collection.py",
]  # fmt: skip
ENDPOINTS = [
    "test_multi_variant_endpoint.py", "test_multidatamodel.py", "test_data_capture_config.py",
    "test_inference_pipeline.py", "test_serverless_inference.py", "test_async_inference.py",
    "test_predict_stream.py", "test_predict_with_inference_id.py",
]  # fmt: skip
ALGORITHMS = [
    "test_kmeans.py", "test_pca.py", "test_knn.py", "test_linear_learner.py", "test_ntm.py", "test_lda.py",
    "test_factorization_machines.py", "test_randomcutforest.py", "test_record_set.py",
]  # fmt: skip
SECONDS = 600  # that one test may take; the suite's own limits are for machines that have to be fetched


def prepare(server: Child, owner: Account) -> None:
    """What the tests expect to be in their account: a role, and the SDK's default bucket."""
    session = boto3.Session(owner["AccessKeyId"], owner["SecretAccessKey"], region_name=REGION)
    iam, s3 = (session.client(name, endpoint_url=server.config.endpoint) for name in ("iam", "s3"))
    iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
    bucket = f"sagemaker-{REGION}-{owner['AccountId']}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})


def run(python: str, checkout: Path, files: list[str], more: list[str], server: Child) -> list[Outcome]:
    """The suite's outcomes, test by test."""
    owner = account("sagemaker-sdk", server.data_dir)
    prepare(server, owner)
    chosen = environment.variables(server.config, owner, REGION)
    arguments = [
        "-o",
        "addopts=",
        f"--timeout={SECONDS}",
        "--boto-config",
        json.dumps({"region_name": REGION}),
    ]
    return run_pytest(
        python,
        checkout,
        [*arguments, *more, *(f"tests/integ/{name}" for name in files)],
        environment.over(os.environ, chosen),
    )


if __name__ == "__main__":
    sys.exit(main(__doc__, "aws/sagemaker-python-sdk", JOBS, run))
