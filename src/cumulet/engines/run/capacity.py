"""How much of this machine is taken: who asks for more than is left waits, in the order of asking.

A claim larger than the machine is cut down to all of it: it runs alone rather than never.
"""

from __future__ import annotations

import threading
from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Processors, bytes of memory, GPUs."""

    processors: float = 0
    memory: int = 0
    gpus: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(self.processors + other.processors, self.memory + other.memory, self.gpus + other.gpus)

    def within(self, limit: Size) -> bool:
        return all(mine <= most for mine, most in zip(astuple(self), astuple(limit), strict=True))

    def at_most(self, limit: Size) -> Size:
        return Size(
            min(self.processors, limit.processors), min(self.memory, limit.memory), min(self.gpus, limit.gpus)
        )

    def __str__(self) -> str:
        told = [f"{self.processors:g} processors"]
        told += [f"{self.memory / (1 << 30):.1f} GiB of memory"] if self.memory else []
        told += [f"{self.gpus} GPUs"] if self.gpus else []
        return ", ".join(told)


class Capacity:
    """What is held of one machine, by name. Safe to use from several threads; nothing of it is remembered:
    after a restart whoever still runs takes what it holds."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.held: dict[str, tuple[str, Size]] = {}
        self.waiting: list[str] = []
        self.moves = 0  # how often somebody took or gave back something
        self.refused: dict[str, int] = {}  # after which of these moves a claim was refused last

    def take(self, name: str, label: str, wanted: Size) -> None:
        """It runs already, whatever is left."""
        with self.changed:
            self.held[name] = (label, wanted)

    def claim(self, name: str, label: str, wanted: Size, total: Size) -> str:
        """Take what is wanted; why not yet, or "" where it is granted. Who is refused has a place in the queue."""
        with self.changed:
            if name not in self.waiting:
                self.waiting.append(name)
            before = self.waiting.index(name)
            used = sum((size for _, size in self.held.values()), Size())
            wanted = wanted.at_most(total)
            if before or not (used + wanted).within(total):
                self.refused[name] = self.moves
                return self._why(wanted, used, total, before)
            self._forget(name)
            self.held[name] = (label, wanted)
            self._moved()
            return ""

    def release(self, name: str) -> None:
        """It runs no more, or waits no more."""
        with self.changed:
            self.held.pop(name, None)
            self._forget(name)
            self._moved()

    def turn(self, name: str, seconds: float) -> bool:
        """Wait until who was refused is the first of the queue and something has moved since, at most for so long;
        whether it is so. Whoever is further behind need not ask: it would be refused."""
        with self.changed:
            return self.changed.wait_for(
                lambda: self.waiting[:1] == [name] and self.refused.get(name) != self.moves, seconds
            )

    def _forget(self, name: str) -> None:
        self.refused.pop(name, None)
        if name in self.waiting:
            self.waiting.remove(name)

    def _moved(self) -> None:
        self.moves += 1
        self.changed.notify_all()

    def _why(self, wanted: Size, used: Size, total: Size, before: int) -> str:
        holders = ", ".join(sorted(label for label, _ in self.held.values())[:5])
        queue = f"; {before} before it" if before else ""
        return f"{wanted} wanted; of {total}, {used} are taken by {holders or 'nobody'}{queue}"
