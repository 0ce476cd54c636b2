"""Amazon SageMaker Runtime: asking endpoints.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Later, Service
from cumulet.services.sagemaker.asking import Ask, headers_of


class SageMakerRuntime(Service):
    validation_code = "ValidationError"
    prompt = frozenset({"InvokeEndpoint"})

    def invoke_endpoint(
        self,
        *,
        EndpointName: str,
        Body: bytes = b"",
        ContentType: str = "",
        Accept: str = "",
        CustomAttributes: str = "",
        TargetModel: str | None = None,
        TargetVariant: str | None = None,
        TargetContainerHostname: str | None = None,
        InferenceId: str = "",
        SessionId: str | None = None,
    ) -> dict[str, Any] | Later:
        """Ask an endpoint, and wait at most 60 seconds for its answer, as AWS does.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
        """
        ask = Ask(
            EndpointName,
            Body,
            headers_of(ContentType, Accept, CustomAttributes, SessionId),
            TargetVariant,
            TargetModel,
            TargetContainerHostname,
            SessionId,
            InferenceId,
        )
        answer: dict[str, Any] | Later = self.other("sagemaker").ask_endpoint(ask)
        return answer

    def invoke_endpoint_with_response_stream(
        self,
        *,
        EndpointName: str,
        Body: bytes = b"",
        ContentType: str = "",
        Accept: str = "",
        CustomAttributes: str = "",
        TargetVariant: str | None = None,
        TargetContainerHostname: str | None = None,
        InferenceId: str = "",
        SessionId: str | None = None,
    ) -> dict[str, Any]:
        """The same for a model that answers piece by piece: each goes out as soon as it is made.

        A model's script does that by returning (or yielding as) an iterator of bytes or texts.
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointWithResponseStream.html
        """
        headers = headers_of(ContentType, Accept, CustomAttributes, SessionId)
        ask = Ask(
            EndpointName,
            Body,
            headers,
            TargetVariant,
            None,
            TargetContainerHostname,
            SessionId,
            InferenceId,
        )
        answer: dict[str, Any] = self.other("sagemaker").stream_endpoint(ask)
        return answer

    def invoke_endpoint_async(
        self,
        *,
        EndpointName: str,
        InputLocation: str = "",
        Body: bytes = b"",
        ContentType: str = "",
        Accept: str = "",
        CustomAttributes: str = "",
        InferenceId: str | None = None,
        RequestTTLSeconds: float | None = None,
        InvocationTimeoutSeconds: float | None = None,
        S3OutputPathExtension: str = "",
        Filename: str = "",
    ) -> dict[str, Any]:
        """Promise an answer in S3 to a request that lies in S3, or is small and comes along; a failure lies where
        FailureLocation says.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpointAsync.html
        """
        answer: dict[str, Any] = self.other("sagemaker").ask_endpoint_later(
            EndpointName,
            (InputLocation, Body),
            (ContentType, Accept, CustomAttributes),
            InferenceId,
            (RequestTTLSeconds, InvocationTimeoutSeconds),
            (S3OutputPathExtension, Filename),
        )
        return answer
