"""Amazon SageMaker Runtime: asking endpoints.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Operations_Amazon_SageMaker_Runtime.html
"""

from __future__ import annotations

from typing import Any

from cumulet.services import Service


class SageMakerRuntime(Service):
    validation_code = "ValidationError"

    def invoke_endpoint(
        self,
        *,
        EndpointName: str,
        Body: bytes = b"",
        ContentType: str = "",
        Accept: str = "",
        CustomAttributes: str = "",
        TargetVariant: str | None = None,
        InferenceId: str = "",
    ) -> dict[str, Any]:
        """Ask an endpoint, and wait at most 60 seconds for its answer, as AWS does.

        InferenceId names the request in captured data, which Cumulet does not write yet: it has no effect.
        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
        """
        headers = {"content-type": ContentType, "accept": Accept}
        if CustomAttributes:
            headers["x-amzn-sagemaker-custom-attributes"] = CustomAttributes
        answer: dict[str, Any] = self.other("sagemaker").ask_endpoint(
            EndpointName, Body, headers, TargetVariant
        )
        return answer
