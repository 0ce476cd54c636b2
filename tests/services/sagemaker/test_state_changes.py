"""What is told on the stream of events while a training job goes on."""

from __future__ import annotations

from cumulet.services.sagemaker.state_changes import KIND


def test_each_status_of_a_job_is_told_once_with_the_job_as_it_is_then(house, caller):
    house.service("s3", caller).create_bucket(Bucket="events-lake")
    request = {
        "TrainingJobName": "told",
        "AlgorithmSpecification": {
            "TrainingImage": "sagemaker-base-python:1.0",
            "TrainingInputMode": "File",
            "ContainerEntrypoint": ["true"],
        },
        "RoleArn": f"arn:aws:iam::{caller.account}:role/CumuletAdministrator",
        "OutputDataConfig": {"S3OutputPath": "s3://events-lake/out"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
    }
    with house.store.events.watch() as watcher:
        house.service("sagemaker", caller).create_training_job(**request)
        told = []
        while not told or told[-1]["detail"]["SecondaryStatus"] not in ("Completed", "Failed"):
            event = watcher.get(timeout=60)
            assert (event.kind, event.scope) == (KIND, caller.scope)
            told.append(event.body)
    assert [event["detail"]["SecondaryStatus"] for event in told] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    last = told[-1]
    assert last["detail-type"] == "SageMaker Training Job State Change"
    assert last["resources"] == [last["detail"]["TrainingJobArn"]]
    assert last["detail"]["ModelArtifacts"]["S3ModelArtifacts"].endswith("model.tar.gz")


def test_each_status_of_a_processing_job_is_told_once(house, caller):
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
    with house.store.events.watch() as watcher:
        house.service("sagemaker", caller).create_processing_job(
            ProcessingJobName="told",
            AppSpecification={"ImageUri": "sagemaker-base-python:1.0", "ContainerEntrypoint": ["true"]},
            RoleArn=f"arn:aws:iam::{caller.account}:role/CumuletAdministrator",
            ProcessingResources={"ClusterConfig": cluster},
        )
        told = [watcher.get(timeout=60) for _ in range(2)]
    assert {event.kind for event in told} == {"sagemaker.processing-job"}
    assert [event.body["detail"]["ProcessingJobStatus"] for event in told] == ["InProgress", "Completed"]
    assert told[-1].body["detail-type"] == "SageMaker Processing Job State Change"
    assert told[-1].body["resources"] == [told[-1].body["detail"]["ProcessingJobArn"]]
