"""The endpoints that are alive in this process: which warm models answer for which endpoint.

This is the one thing of SageMaker that lives in memory: it is made again from the durable work of
`serving.py` whenever the server starts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from cumulet.engines.serve import Program
from cumulet.services.sagemaker.variants import Instance, Variant, by_weight

if TYPE_CHECKING:
    from cumulet.house import House

DRAIN = 65.0  # seconds that questions under way may take when their deployment is replaced

Taken = tuple[Variant, Instance]


class Throttled(Exception):
    """A serverless variant answers as many questions at a time as it may."""


class NoInstance(Exception):
    """A variant has been scaled to zero, and nothing brings it back by itself."""


class Deployment:
    """The processes of one configuration of an endpoint; its number grows with every update."""

    def __init__(
        self,
        variants: list[Variant],
        number: int = 1,
        shadows: list[Variant] | None = None,
        grow: Callable[[Variant], None] | None = None,
    ) -> None:
        self.number = number
        self.variants = {variant.name: variant for variant in variants}
        self.shadows = shadows or []
        self.grow = grow  # begins another instance of a serverless variant
        self.asynchronous = False  # asks its models itself, and answers nobody else
        self.capture: Any = None  # where requests and answers are noted, if they are
        self.kept_warm: list[Program] = []  # of serverless variants
        self.sessions: dict[str, Taken] = {}
        self.wake: Callable[[], None] = lambda: None  # tells who looks after it that something is wanted
        self.changed = threading.Condition(threading.RLock())
        self.closed = False
        self.busy = 0
        self.plain = all(variant.plain for variant in variants)

    def begin(self, target: str | None, session: str | None = None) -> Taken | None:
        """An instance to ask: of the target variant, else of the one whose turn it is; `end` must follow. None once
        the deployment is closed."""
        with self.changed:
            if self.closed:
                return None
            taken = self.sessions.get(session) if session else None
            taken = taken or self._draw(target)
            self.hold(taken)
            return taken

    def hold(self, taken: Taken) -> None:
        with self.changed:
            taken[1].busy += 1
            self.busy += 1

    def end(self, taken: Taken) -> None:
        with self.changed:
            taken[1].busy -= 1
            self.busy -= 1
            if self.closed or taken[1].leaving:
                self.changed.notify_all()

    def _draw(self, target: str | None) -> Taken:
        variant = self.variants[target] if target else by_weight(self.variants.values())
        instance = self._free(variant) if variant.most is not None else variant.least_busy()
        if instance is None:
            raise NoInstance(variant.name)
        variant.used_at = time.monotonic()
        return variant, instance

    def _free(self, variant: Variant) -> Instance | None:
        """An idle instance of a serverless variant, a new one where there is none."""
        assert variant.most is not None
        free = [instance for instance in variant.staying if instance.busy == 0]
        if not free and variant.busy >= variant.most:
            raise Throttled(variant.name)
        if not free and self.grow:
            self.grow(variant)
            return variant.instances[-1]
        return max(free, key=lambda instance: instance.ready, default=None)

    @property
    def everybody(self) -> list[Variant]:
        return [*self.variants.values(), *self.shadows]

    def instances(self) -> list[Instance]:
        return [instance for variant in self.everybody for instance in variant.instances]

    def coming(self) -> list[Taken]:
        """Instances that somebody wants and that have not been ready yet."""
        lasting = [variant for variant in self.variants.values() if variant.most is None]
        return [(variant, one) for variant in lasting for one in variant.staying if not one.arrived]

    def retire(self, variant: Variant, leaving: list[Instance], drain: float = DRAIN) -> None:
        """Let some instances go, as soon as they have answered what they were asked."""
        with self.changed:
            for instance in leaving:
                instance.leaving = True
            self.sessions = {name: taken for name, taken in self.sessions.items() if taken[1] not in leaving}
            self.changed.wait_for(lambda: not any(instance.busy for instance in leaving), drain)
            variant.instances = [instance for instance in variant.instances if instance not in leaving]
        for instance in leaving:
            instance.close()

    def close(self, drain: float = DRAIN) -> None:
        """Take no more questions, let those under way be answered, and end the processes."""
        with self.changed:
            self.closed = True
            self.changed.wait_for(lambda: self.busy == 0, drain)
        closing = [threading.Thread(target=instance.close) for instance in self.instances()]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


@dataclass(slots=True)
class Traffic:
    """Who answers for an endpoint: one deployment, or two while the next one takes over by and by."""

    present: Deployment
    coming: Deployment | None = None
    share: float = 0.0  # of the questions that go to the coming one
    credit: float = 0.0

    @property
    def plain(self) -> bool:
        """Whether whoever is picked can be asked without any detour."""
        return self.present.plain and (self.coming is None or self.coming.plain)

    def pick(self) -> Deployment:
        if self.coming is None:
            return self.present
        self.credit += self.share
        if self.credit >= 1.0 - 1e-9:
            self.credit -= 1.0
            return self.coming
        return self.present


class Fleet:
    """All live deployments by the endpoint's full name."""

    def __init__(self, closing: threading.Event | None = None) -> None:
        self.closing = closing or threading.Event()  # set when the server shuts down
        self.changed = threading.Condition()
        self.traffic: dict[str, Traffic] = {}

    def publish(self, name: str, deployment: Deployment) -> None:
        """Let a deployment answer, unless a later one does so already (both may start after a restart)."""
        with self.changed:
            present = self.traffic.get(name)
            if present is None or present.present.number <= deployment.number:
                self.traffic[name] = Traffic(deployment)
            self.changed.notify_all()

    def shift(self, name: str, deployment: Deployment, share: float) -> None:
        """Let a deployment answer a share of the questions, and the one before it the rest."""
        with self.changed:
            if (present := self.traffic.get(name)) is None:
                self.traffic[name] = Traffic(deployment)
            elif present.present is not deployment:
                present.coming, present.share, present.credit = (
                    (deployment, share, 0.0) if share else (None, 0, 0)
                )
            self.changed.notify_all()

    def withdraw(self, name: str, deployment: Deployment | None = None) -> None:
        """Forget a deployment (or whichever there is), unless another has taken its place already."""
        with self.changed:
            if traffic := self.traffic.get(name):
                if traffic.coming is deployment:
                    traffic.coming, traffic.share = None, 0.0
                if deployment is None or traffic.present is deployment:
                    del self.traffic[name]
            self.changed.notify_all()

    def present(self, name: str) -> Deployment | None:
        """The deployment to ask now; None where nobody answers for the endpoint."""
        traffic = self.traffic.get(name)
        return traffic.pick() if traffic else None

    def plain(self, name: str) -> Deployment | None:
        """The same, but None, and nobody's turn is over, where asking it may take a detour."""
        traffic = self.traffic.get(name)
        return traffic.pick() if traffic and traffic.plain else None

    def wait_for(self, name: str, seconds: float) -> Deployment | None:
        """The deployment of an endpoint; after a restart of the server it may be on its way."""
        with self.changed:
            self.changed.wait_for(lambda: name in self.traffic or self.closing.is_set(), seconds)
            return self.present(name)

    def wake(self, name: str) -> None:
        """Have an endpoint looked after now rather than in some seconds."""
        if traffic := self.traffic.get(name):
            traffic.present.wake()

    def tell(self) -> None:
        """An endpoint's record has changed: whoever waits for that may look again."""
        with self.changed:
            self.changed.notify_all()

    def wait_for_news(self, settled: Callable[[], bool], seconds: float) -> None:
        with self.changed:
            self.changed.wait_for(settled, seconds)

    def set_weights(self, name: str, weights: dict[str, float]) -> None:
        with self.changed:
            if traffic := self.traffic.get(name):
                for variant, weight in weights.items():
                    traffic.present.variants[variant].weight = weight
                for candidate in traffic.present.variants.values():
                    candidate.credit = 0.0  # what was owed at the old weights is forgotten


_fleets: WeakKeyDictionary[House, Fleet] = WeakKeyDictionary()
_making = threading.Lock()


def fleet_of(house: House) -> Fleet:
    if found := _fleets.get(house):
        return found
    with _making:
        return _fleets.setdefault(house, Fleet(house.jobs.closing))
