"""What CreateTransformJob asks for, checked before anything starts.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services.sagemaker.refusals import honour_only, invalid
from cumulet.services.sagemaker.training_request import split_uri
from cumulet.services.sagemaker.transform_joining import FORMATS, media
from cumulet.services.sagemaker.transform_paths import NoPath, parse
from cumulet.wire.errors import NotImplementedByCumulet

DEFAULT_PAYLOAD = 6  # MB
MOST_AT_ONCE = 100  # MB in all requests under way together
KINDS = ("S3Prefix", "ManifestFile")


def check_structures(request: dict[str, Any]) -> None:
    """Refuse, by name, what is asked for and not done. Volumes' keys and images of machines change nothing."""
    given, output = request["TransformInput"], request["TransformOutput"]
    source = given["DataSource"]["S3DataSource"]
    if source["S3DataType"] not in KINDS:
        done = " and ".join(KINDS)
        raise NotImplementedByCumulet(f"a transform of S3DataType {source['S3DataType']} ({done} are done)")
    split_uri(source["S3Uri"])
    split_uri(output["S3OutputPath"])
    honour_only("TransformOutput", output, ("S3OutputPath", "Accept", "AssembleWith", "KmsKeyId"))
    _check_load(request)
    _check_processing(request)
    if capture := request.get("DataCaptureConfig"):
        honour_only("DataCaptureConfig", capture, ("DestinationS3Uri", "GenerateInferenceId"))
        split_uri(capture["DestinationS3Uri"])


def limit(request: dict[str, Any]) -> int | None:
    """The bytes of one request to the model; None for as many as there are."""
    size = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD)
    return size << 20 if size else None


def concurrency(request: dict[str, Any]) -> int:
    """Requests under way at an instance at a time: where nobody says, one, since models answer one by one."""
    return request.get("MaxConcurrentTransforms") or 1


def _check_load(request: dict[str, Any]) -> None:
    split = request["TransformInput"].get("SplitType", "None")
    payload, at_once = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD), concurrency(request)
    if payload * at_once > MOST_AT_ONCE:
        raise invalid(
            f"MaxConcurrentTransforms times MaxPayloadInMB is {payload * at_once} MB; at most {MOST_AT_ONCE} MB "
            "may be under way."
        )
    if request.get("BatchStrategy") == "SingleRecord" and split == "None":
        raise invalid("BatchStrategy SingleRecord needs a SplitType: without one a file is one record.")


def _check_processing(request: dict[str, Any]) -> None:
    asked, given = request.get("DataProcessing", {}), request["TransformInput"]
    for member in ("InputFilter", "OutputFilter"):
        try:
            parse(asked.get(member) or "$")
        except NoPath as error:
            raise invalid(f"{member} is not a JSONPath that SageMaker supports: {error}.") from None
    identify = request.get("DataCaptureConfig", {}).get("GenerateInferenceId")
    if not asked and not identify:
        return
    if media(given.get("ContentType", "")) not in FORMATS:
        raise invalid(f"DataProcessing needs a ContentType that is one of {', '.join(FORMATS)}.")
    accept = request["TransformOutput"].get("Accept") or given["ContentType"]
    if (media(accept) == FORMATS[0]) != (media(given["ContentType"]) == FORMATS[0]):
        raise invalid(
            f"DataProcessing needs an Accept of the kind of its ContentType, {given['ContentType']}."
        )
    split, assembled = given.get("SplitType", "None"), request["TransformOutput"].get("AssembleWith", "None")
    if asked.get("JoinSource") == "Input" and (split == "Line") != (assembled == "Line"):
        raise invalid(
            "JoinSource Input needs an AssembleWith that is the SplitType: both Line, or both None."
        )
