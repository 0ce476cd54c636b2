"""Shadow variants: they get copies of the requests, and nobody waits for what they say.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-shadow-deployment.html
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from cumulet.engines.serve import Gone, NotLoaded, Question, TimedOut
from cumulet.services.sagemaker.fleet import Deployment
from cumulet.services.sagemaker.variants import Variant

AHEAD = 256  # copies that may wait; more are dropped, as a shadow must never hold production up
LIMIT = 60.0

log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(4, thread_name_prefix="shadow")
_room = threading.BoundedSemaphore(AHEAD)


def copy(deployment: Deployment, question: Question) -> None:
    """Send a copy to each shadow whose turn it is: its weight is its part of the production variants' weights."""
    whole = sum(variant.weight for variant in deployment.variants.values()) or 1.0
    for shadow in deployment.shadows:
        shadow.credit += min(1.0, shadow.weight / whole)
        if shadow.credit >= 1.0 - 1e-9 and _room.acquire(blocking=False):
            shadow.credit -= 1.0
            _pool.submit(_ask, deployment, shadow, question)


def _ask(deployment: Deployment, shadow: Variant, question: Question) -> None:
    instance = shadow.least_busy()
    if instance is None or deployment.closed:
        _room.release()
        return
    taken, began, status = (shadow, instance), time.monotonic(), 500
    deployment.hold(taken)
    try:
        with contextlib.suppress(Gone, NotLoaded, TimedOut):
            status = instance.worker.ask(question, LIMIT).status
    except Exception:
        log.exception("the shadow variant %s was not asked", shadow.name)
    finally:
        _room.release()
        deployment.end(taken)
        shadow.tally.count(status, time.monotonic() - began, 0.0)
