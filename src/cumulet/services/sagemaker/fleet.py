"""The endpoints that are alive in this process: which warm models answer for which endpoint.

This is the one thing of SageMaker that lives in memory: it is made again from the durable work of
`serving.py` whenever the server starts.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cumulet.engines.serve import Worker

if TYPE_CHECKING:
    from cumulet.house import House

DRAIN = 65.0  # seconds that questions under way may take when their deployment is replaced


@dataclass(slots=True)
class Instance:
    """One process of a variant, and how many questions it is busy with."""

    name: str
    worker: Worker
    busy: int = 0


@dataclass(slots=True)
class Variant:
    name: str
    weight: float
    instances: list[Instance] = field(default_factory=list)


class Deployment:
    """The processes of one configuration of an endpoint; its number grows with every update."""

    def __init__(self, variants: list[Variant], number: int = 1) -> None:
        self.number = number
        self.variants = {variant.name: variant for variant in variants}
        self.changed = threading.Condition()
        self.closed = False
        self.busy = 0

    @contextmanager
    def take(self, target: str | None) -> Iterator[tuple[Variant, Instance] | None]:
        """An instance to ask: of the target variant, else of one drawn by weight. None once closed."""
        with self.changed:
            taken = None if self.closed else self._draw(target)
            if taken:
                taken[1].busy += 1
                self.busy += 1
        try:
            yield taken
        finally:
            if taken:
                with self.changed:
                    taken[1].busy -= 1
                    self.busy -= 1
                    self.changed.notify_all()

    def _draw(self, target: str | None) -> tuple[Variant, Instance]:
        variant = self.variants[target] if target else self._by_weight()
        return variant, min(variant.instances, key=lambda instance: instance.busy)

    def _by_weight(self) -> Variant:
        variants = list(self.variants.values())
        if len(variants) == 1:
            return variants[0]
        return random.choices(variants, [variant.weight for variant in variants])[0]

    def instances(self) -> list[Instance]:
        return [instance for variant in self.variants.values() for instance in variant.instances]

    def close(self, drain: float = DRAIN) -> None:
        """Take no more questions, let those under way be answered, and end the processes."""
        with self.changed:
            self.closed = True
            self.changed.wait_for(lambda: self.busy == 0, drain)
        for instance in self.instances():
            instance.worker.close()


class Fleet:
    """All live deployments by the endpoint's full name."""

    def __init__(self, closing: threading.Event | None = None) -> None:
        self.closing = closing or threading.Event()  # set when the server shuts down
        self.changed = threading.Condition()
        self.deployments: dict[str, Deployment] = {}

    def publish(self, name: str, deployment: Deployment) -> None:
        """Let a deployment answer, unless a later one does so already (both may start after a restart)."""
        with self.changed:
            present = self.deployments.get(name)
            if present is None or present.number < deployment.number:
                self.deployments[name] = deployment
            self.changed.notify_all()

    def withdraw(self, name: str, deployment: Deployment) -> None:
        """Forget a deployment, unless another has taken its place already."""
        with self.changed:
            if self.deployments.get(name) is deployment:
                del self.deployments[name]
            self.changed.notify_all()

    def wait_for(self, name: str, seconds: float) -> Deployment | None:
        """The deployment of an endpoint; after a restart of the server it may be on its way."""
        with self.changed:
            self.changed.wait_for(lambda: name in self.deployments or self.closing.is_set(), seconds)
            return self.deployments.get(name)

    def tell(self) -> None:
        """An endpoint's record has changed: whoever waits for that may look again."""
        with self.changed:
            self.changed.notify_all()

    def wait_for_news(self, settled: Callable[[], bool], seconds: float) -> None:
        with self.changed:
            self.changed.wait_for(settled, seconds)

    def set_weights(self, name: str, weights: dict[str, float]) -> None:
        with self.changed:
            if deployment := self.deployments.get(name):
                for variant, weight in weights.items():
                    deployment.variants[variant].weight = weight


_fleets: WeakKeyDictionary[House, Fleet] = WeakKeyDictionary()
_making = threading.Lock()


def fleet_of(house: House) -> Fleet:
    with _making:
        return _fleets.setdefault(house, Fleet(house.jobs.closing))
