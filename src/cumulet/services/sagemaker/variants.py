"""Variants of an endpoint in memory: their processes, and whose turn it is."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cumulet.engines.serve import Worker
from cumulet.services.sagemaker.tally import Tally


@dataclass(slots=True)
class Instance:
    """One instance of a variant: a process for each of its containers, in their order, by their hostnames."""

    name: str
    number: int
    workers: dict[str, Worker]
    busy: int = 0  # questions under way
    leaving: bool = False  # takes no more of them
    began: float = field(default_factory=time.monotonic)

    @property
    def worker(self) -> Worker:
        """The first container's, which mostly is the only one."""
        return next(iter(self.workers.values()))

    @property
    def ready(self) -> bool:
        return all(worker.ready for worker in self.workers.values())

    @property
    def arrived(self) -> bool:
        """Whether it has been ready once."""
        return all(worker.proven for worker in self.workers.values())

    def wait_ready(self, seconds: float) -> bool:
        """So long at most for each of its processes; `NotLoaded` where one never will be."""
        return all(worker.wait_ready(seconds) for worker in self.workers.values())

    def close(self) -> None:
        for worker in self.workers.values():
            worker.close()


@dataclass(slots=True)
class Variant:
    name: str
    weight: float
    definition: dict[str, Any] = field(default_factory=dict)
    instances: list[Instance] = field(default_factory=list)
    credit: float = 0.0  # what it is owed of its share
    tally: Tally = field(default_factory=Tally)
    used_at: float = 0.0  # the monotonic time of the last question

    @property
    def most(self) -> int | None:
        """How many questions at a time a serverless variant takes; None for one with instances."""
        serverless = self.definition.get("CurrentServerlessConfig") or self.definition.get("ServerlessConfig")
        return serverless["MaxConcurrency"] if serverless else None

    @property
    def direct(self) -> bool:
        """Whether each container is asked by its name, instead of one after the other."""
        return self.definition.get("mode") == "Direct"

    @property
    def multi_model(self) -> bool:
        return any(
            container.get("Mode") == "MultiModel" for container in self.definition.get("containers", ())
        )

    @property
    def plain(self) -> bool:
        """One container with one model, asked without any detour."""
        return len(self.definition.get("containers", "1")) == 1 and self.most is None and not self.multi_model

    @property
    def staying(self) -> list[Instance]:
        return [instance for instance in self.instances if not instance.leaving]

    def least_busy(self) -> Instance | None:
        """One that is ready, if any is; else one that will be."""
        if len(self.instances) == 1:
            only = self.instances[0]
            return None if only.leaving else only
        return min(self.staying, key=lambda instance: (not instance.ready, instance.busy), default=None)

    @property
    def busy(self) -> int:
        return sum(instance.busy for instance in self.instances)


def by_weight(variants: Iterable[Variant]) -> Variant:
    """The variant whose turn it is. Shares are exact, not drawn: of a hundred questions at equal weights, fifty
    go to each of two; each variant gains its weight with every question, and the taken one pays for it."""
    candidates = list(variants)
    if len(candidates) == 1:
        return candidates[0]
    total = sum(variant.weight for variant in candidates)
    for variant in candidates:
        variant.credit += variant.weight
    chosen = max(candidates, key=lambda variant: (variant.weight > 0, variant.credit))
    chosen.credit -= total
    return chosen
