"""One captured request as a line of JSON, in the words of SageMaker's model monitor.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import binascii
import json
import time
from typing import Any, NamedTuple

from cumulet.engines.serve import Answered
from cumulet.services.sagemaker.asking import CUSTOM, Ask

MODES = {"Input": "endpointInput", "Output": "endpointOutput"}


class Note(NamedTuple):
    """What there is to be told of a request."""

    variant: str
    ask: Ask
    answered: Answered
    request_id: str
    at: float


class Records:
    """How a configuration wants them written."""

    def __init__(self, config: dict[str, Any]) -> None:
        wanted = {option["CaptureMode"] for option in config["CaptureOptions"]}
        self.modes = [*MODES] if "InputAndOutput" in wanted else [mode for mode in MODES if mode in wanted]
        named = config.get("CaptureContentTypeHeader", {})
        self.encodings = dict.fromkeys(named.get("JsonContentTypes", ()), "JSON")
        self.encodings |= dict.fromkeys(named.get("CsvContentTypes", ()), "CSV")

    def line(self, note: Note) -> str:
        ask, answered = note.ask, note.answered
        given, told = ask.headers.get("content-type", ""), answered.headers.get("content-type", "")
        sides = {"Input": (given, ask.body), "Output": (told, answered.body)}
        data = {MODES[mode]: self._side(mode, *sides[mode]) for mode in self.modes}
        return json.dumps({"captureData": data, "eventMetadata": _about(note), "eventVersion": "0"}) + "\n"

    def _side(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        """As text only where the configuration names the type; else as Base64."""
        encoding = self.encodings.get(content_type.partition(";")[0].strip(), "BASE64")
        if encoding == "BASE64":
            data = binascii.b2a_base64(body, newline=False).decode()
        else:
            data = body.decode(errors="replace")
        return {
            "observedContentType": content_type,
            "mode": mode.upper(),
            "data": data,
            "encoding": encoding,
        }


def _about(note: Note) -> dict[str, Any]:
    about: dict[str, Any] = {
        "eventId": note.request_id,
        "inferenceTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(note.at)),
    }
    if custom := note.ask.headers.get(CUSTOM):
        about["customAttributes"] = [custom]
    if note.ask.inference_id:
        about["inferenceId"] = note.ask.inference_id
    return about
