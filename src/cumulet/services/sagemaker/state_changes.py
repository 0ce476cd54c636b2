"""State changes on the stream of events, in the form in which EventBridge tells them.

https://docs.aws.amazon.com/sagemaker/latest/dg/automating-sagemaker-with-eventbridge.html
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from cumulet.services import Service
from cumulet.services.sagemaker.resources import TRAINING_JOB, shown

KIND = f"sagemaker.{TRAINING_JOB}"


def announce(
    service: Service,
    body: dict[str, Any],
    kind: str = TRAINING_JOB,
    title: str = "Training Job",
    arn: str = "",
) -> None:
    """A job has another status: told in the commit that remembers it."""
    now = service.house.clock()
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": f"SageMaker {title} State Change",
        "source": "aws.sagemaker",
        "account": service.caller.account,
        "time": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": service.caller.region,
        "resources": [arn or body["TrainingJobArn"]],
        "detail": shown(body),
    }
    service.store.events.append(f"sagemaker.{kind}", service.caller.scope, event, now)
