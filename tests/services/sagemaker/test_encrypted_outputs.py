"""What jobs write to S3 under a KMS key of the caller's."""

from __future__ import annotations

import pytest

from .studio import Studio
from .test_transform_jobs import request as transform
from .test_transform_jobs import transform_ended
from .workshop import keys, processed, processing, s3_output


@pytest.fixture(scope="module")
def key(client) -> str:
    return client("kms").create_key()["KeyMetadata"]["Arn"]


def under(studio: Studio, path: str) -> str:
    """The key that an object is under; its bytes are readable."""
    name = path.removeprefix(f"s3://{studio.bucket}/")
    assert studio.read(f"s3://{studio.bucket}/{name}")
    return studio.s3.head_object(Bucket=studio.bucket, Key=name)["SSEKMSKeyId"]


@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_a_model_is_put_under_the_key(studio, key, compression):
    request = studio.request()
    request["OutputDataConfig"] |= {"KmsKeyId": key, "CompressionType": compression}
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    assert job["OutputDataConfig"]["KmsKeyId"] == key
    place = job["ModelArtifacts"]["S3ModelArtifacts"]
    assert under(studio, place if compression == "GZIP" else f"{place}model.json") == key


def test_a_key_that_is_not_there_fails_the_job_by_its_name(studio, key):
    request = studio.request()
    request["OutputDataConfig"]["KmsKeyId"] = f"{key[:-4]}0000"
    job = studio.train(request)
    assert job["TrainingJobStatus"] == "Failed"
    assert "0000" in job["FailureReason"]


@pytest.mark.parametrize("mode", ["EndOfJob", "Continuous"])
def test_what_a_processing_job_writes_is_put_under_the_key(studio, key, mode):
    script = "open('/opt/ml/processing/output/part', 'w').write('done')"
    request = processing(studio, script)
    prefix = f"{request['ProcessingJobName']}/out"
    request["ProcessingOutputConfig"] = {**s3_output(studio, prefix, mode), "KmsKeyId": key}
    job = processed(studio, request)
    assert job["ProcessingJobStatus"] == "Completed", job.get("FailureReason")
    assert under(studio, f"{prefix}/part") == key


def test_what_a_transform_writes_is_put_under_the_key(studio, key):
    model = studio.model()
    studio.put(f"{model}/in/a.json", b"[1]")
    asked = transform(studio, model, f"{model}/in/")
    asked["TransformInput"]["ContentType"] = "application/json"
    asked["TransformOutput"]["KmsKeyId"] = key
    studio.sagemaker.create_transform_job(**asked)
    job = transform_ended(studio, asked["TransformJobName"])
    assert job["TransformJobStatus"] == "Completed", job.get("FailureReason")
    (written,) = keys(studio, f"{asked['TransformJobName']}/")
    assert under(studio, written) == key
