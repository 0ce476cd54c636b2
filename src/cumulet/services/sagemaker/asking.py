"""A question to an endpoint, as its client put it."""

from __future__ import annotations

from dataclasses import dataclass, field

from cumulet.engines.serve import Answered

CUSTOM = "x-amzn-sagemaker-custom-attributes"
SESSION = "x-amzn-sagemaker-session-id"
NEW_SESSION, CLOSED_SESSION = "x-amzn-sagemaker-new-session-id", "x-amzn-sagemaker-closed-session-id"


@dataclass(frozen=True, slots=True)
class Ask:
    """The members of InvokeEndpoint, but for what has gone into the headers that the model sees."""

    endpoint: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    variant: str | None = None
    model: str | None = None
    container: str | None = None
    session: str | None = None
    inference_id: str = ""
    seconds: float = 60.0  # that the answer may take
    later: bool = False  # asked in turn by an asynchronous endpoint itself


def headers_of(content_type: str, accept: str, custom: str, session: str | None = None) -> dict[str, str]:
    """The headers of a request as a container gets them."""
    headers = {"content-type": content_type, "accept": accept}
    if custom:
        headers[CUSTOM] = custom
    if session:
        headers[SESSION] = session
    return headers


def result_of(variant: str, answered: Answered) -> dict[str, object]:
    """InvokeEndpoint's answer."""
    told = answered.headers
    return {
        "Body": answered.body,
        "ContentType": told.get("content-type", "application/octet-stream"),
        "InvokedProductionVariant": variant,
        "CustomAttributes": told.get(CUSTOM),
        "NewSessionId": told.get(NEW_SESSION),
        "ClosedSessionId": told.get(CLOSED_SESSION),
    }
