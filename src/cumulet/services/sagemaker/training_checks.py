"""Whether a training job could run at all: its image, its role, its inputs are there, its output has a bucket.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from typing import Any

from cumulet.engines.run import mounts_refused
from cumulet.services.sagemaker import images
from cumulet.services.sagemaker.algorithms import catalogue
from cumulet.services.sagemaker.channel_checks import check_channels, check_mode
from cumulet.services.sagemaker.cluster import groups, hosts
from cumulet.services.sagemaker.debugger_rules import check_rules
from cumulet.services.sagemaker.instances import Instances
from cumulet.services.sagemaker.refusals import invalid
from cumulet.services.sagemaker.roles import Roles
from cumulet.services.sagemaker.training_request import check_distribution, check_structures, split_uri
from cumulet.wire.errors import AwsError, NotImplementedByCumulet


class TrainingChecks(Roles):
    def _check_training_job(self, request: dict[str, Any]) -> None:
        check_structures(request)
        algorithm, resources = request["AlgorithmSpecification"], request["ResourceConfig"]
        check_mode("AlgorithmSpecification", algorithm["TrainingInputMode"])
        names = [group["InstanceGroupName"] for group in groups(resources)]
        check_channels(request.get("InputDataConfig", []), algorithm["TrainingInputMode"], names)
        check_distribution(request.get("HyperParameters", {}))
        _check_isolation(request)
        Instances(self.store.directory).whole(resources)
        image = images.find(algorithm["TrainingImage"], self.store)
        if image.algorithm and built_in(request):
            _check_alone(image, resources)
            algorithm["MetricDefinitions"] = _own_metrics(image, algorithm)
        elif not image.command and not algorithm.get("ContainerEntrypoint") and not _program(request):
            raise invalid(
                f"The image {image.uri} runs a script, and none is given: set the hyperparameters "
                "sagemaker_program and sagemaker_submit_directory (the SDK's entry_point does), or a "
                "ContainerEntrypoint."
            )
        check_rules(request)
        self._check_role(request["RoleArn"])
        self._check_places(request)

    def _check_places(self, request: dict[str, Any]) -> None:
        """The inputs are there, and the bucket of the output."""
        s3 = self.other("s3")
        for channel in request.get("InputDataConfig", []):
            uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
            bucket, prefix = split_uri(uri)
            if not _some(s3, bucket, prefix):
                raise invalid(
                    f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that '
                    f"the bucket exists in the selected region ({self.caller.region}), that objects exist "
                    f'under that S3 prefix, and that the role "{request["RoleArn"]}" has "s3:ListBucket" '
                    f'permissions on bucket "{bucket}".'
                )
        output = request["OutputDataConfig"]["S3OutputPath"]
        if not _is_bucket(s3, split_uri(output)[0]):
            raise invalid(f"The S3 bucket of the output path {output} does not exist.")


def _check_isolation(request: dict[str, Any]) -> None:
    """One host can be cut off from everything; several would be cut off from each other."""
    if not request["EnableNetworkIsolation"]:
        return
    if refused := mounts_refused():
        raise NotImplementedByCumulet(f"CreateTrainingJob with EnableNetworkIsolation here ({refused})")
    if len(hosts(request["ResourceConfig"])) > 1:
        raise NotImplementedByCumulet("CreateTrainingJob with EnableNetworkIsolation on several instances")


def built_in(request: dict[str, Any]) -> bool:
    """Whether an image that is a built-in algorithm runs as such: nothing of the user's own is to be run."""
    return not request["AlgorithmSpecification"].get("ContainerEntrypoint") and not _program(request)


def _check_alone(image: images.Image, resources: dict[str, Any]) -> None:
    """Where hosts do not train together, each would have a part of the data only, and the model of one of them
    would be the job's."""
    shared = catalogue.named(image.algorithm.partition(":")[0]).shared
    if (count := len(hosts(resources))) > 1 and not shared:
        raise NotImplementedByCumulet(
            f"The image {image.uri} on {count} instances (of the built-in algorithms, XGBoost and "
            "LightGBM train on several instances)"
        )


def _own_metrics(image: images.Image, algorithm: dict[str, Any]) -> list[dict[str, str]]:
    """An algorithm has metrics of its own, which describing the job shows."""
    if algorithm.get("MetricDefinitions"):
        raise invalid(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    metrics = catalogue.named(image.algorithm.partition(":")[0]).metrics
    return [{"Name": metric.name, "Regex": metric.regex} for metric in metrics]


def _program(request: dict[str, Any]) -> str:
    """The user's script, as the SDK names it in a hyperparameter, or a person in the environment."""
    named: str = request.get("HyperParameters", {}).get("sagemaker_program", "")
    return named or request.get("Environment", {}).get("SAGEMAKER_PROGRAM", "")


def _some(s3: Any, bucket: str, prefix: str) -> bool:
    try:
        return bool(s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))
    except AwsError as error:
        if error.code == "NoSuchBucket":
            return False
        raise


def _is_bucket(s3: Any, bucket: str) -> bool:
    try:
        s3.head_bucket(Bucket=bucket)
    except AwsError as error:
        if error.code in ("NoSuchBucket", "404", "NotFound"):
            return False
        raise
    return True
