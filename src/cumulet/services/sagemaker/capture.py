"""Data capture: requests and answers as SageMaker's JSON lines in S3, at the rate that the configuration says.

A record goes to a file beside the endpoint at once, and the files go to S3 every few seconds: a request waits
for neither, and a server that is killed loses nothing, since the next one finds the files.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import logging
import random
import threading
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cumulet.engines.serve import Answered
from cumulet.services.sagemaker.asking import CUSTOM, Ask
from cumulet.services.sagemaker.training_request import split_uri

EVERY = 5.0  # seconds between two deliveries
MODES = {"Input": "endpointInput", "Output": "endpointOutput"}

log = logging.getLogger(__name__)


class Capture:
    """What one deployment captures. Safe to use from any thread."""

    def __init__(self, config: dict[str, Any], endpoint: str, folder: Path) -> None:
        self.config = config
        self.endpoint = endpoint
        self.folder = folder
        self.rate = config["InitialSamplingPercentage"] / 100
        self.modes = [option["CaptureMode"] for option in config["CaptureOptions"]]
        self.lock = threading.Lock()
        self.said = False  # that the disk takes no more
        folder.mkdir(parents=True, exist_ok=True)

    def note(self, variant: str, ask: Ask, answered: Answered, request_id: str, now: float) -> None:
        """Keep a request that went well, if its turn has come. A full disk costs the record, not the request."""
        if not 200 <= answered.status < 300 or random.random() >= self.rate:
            return
        line = json.dumps(self._record(ask, answered, request_id, now)) + "\n"
        hour = time.strftime("%Y-%m-%d-%H", time.gmtime(now))
        try:
            with self.lock, (self.folder / f"{variant}@{hour}.jsonl").open("a") as file:
                file.write(line)
            self.said = False
        except OSError as error:
            if not self.said:
                log.error("captured data of endpoint %s is lost: %s", self.endpoint, error)
            self.said = True

    def _record(self, ask: Ask, answered: Answered, request_id: str, now: float) -> dict[str, Any]:
        given, told = ask.headers.get("content-type", ""), answered.headers.get("content-type", "")
        sides = {"Input": (given, ask.body), "Output": (told, answered.body)}
        data = {MODES[mode]: self._side(mode, *sides[mode]) for mode in MODES if mode in self._wanted()}
        moment = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        about: dict[str, Any] = {"eventId": request_id or str(uuid.uuid4()), "inferenceTime": moment}
        if custom := ask.headers.get(CUSTOM):
            about["customAttributes"] = [custom]
        if ask.inference_id:
            about["inferenceId"] = ask.inference_id
        return {"captureData": data, "eventMetadata": about, "eventVersion": "0"}

    def _wanted(self) -> list[str]:
        return [*MODES] if "InputAndOutput" in self.modes else self.modes

    def _side(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        encoding = self._encoding(content_type)
        data = base64.b64encode(body).decode() if encoding == "BASE64" else body.decode(errors="replace")
        return {
            "observedContentType": content_type,
            "mode": mode.upper(),
            "data": data,
            "encoding": encoding,
        }

    def _encoding(self, content_type: str) -> str:
        """As text only where the configuration names the type; else as Base64."""
        named, bare = self.config.get("CaptureContentTypeHeader", {}), content_type.partition(";")[0].strip()
        if bare in named.get("CsvContentTypes", ()):
            return "CSV"
        return "JSON" if bare in named.get("JsonContentTypes", ()) else "BASE64"

    def deliver(self, s3: Any) -> None:
        """What has come since the last time, as one object for each variant and hour."""
        for path in sorted(self.folder.glob("*.jsonl")):
            closed = path.with_name(f"{path.name}.{uuid.uuid4().hex}.closed")
            with self.lock:
                path.rename(closed)
        for path in sorted(self.folder.glob("*.closed")):
            self._put(s3, path)

    def _put(self, s3: Any, path: Path) -> None:
        variant, _, hour = path.name.partition(".jsonl")[0].rpartition("@")
        bucket, prefix = split_uri(self.config["DestinationS3Uri"])
        written = time.gmtime(path.stat().st_mtime)
        name = f"{time.strftime('%M-%S', written)}-{int(path.stat().st_mtime % 1 * 1000):03}-{uuid.uuid4()}.jsonl"
        parts = [prefix.rstrip("/"), self.endpoint, variant, hour.replace("-", "/"), name]
        s3.put_object(Bucket=bucket, Key="/".join(filter(None, parts)), Body=path.read_bytes())
        path.unlink()
