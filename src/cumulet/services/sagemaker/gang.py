"""The instances of one job: processes that run side by side, end together, and are found again together.

Each has a folder of its own; a gang of one is the common case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cumulet.engines import run as engine
from cumulet.services.sagemaker.container import Container


@dataclass(slots=True)
class Member:
    """One instance: its name in the job, its folder, and its process once it is started."""

    host: str
    container: Container
    run: engine.LocalRun | None = None
    outcome: engine.Outcome | None = None


@dataclass(slots=True)
class Gang:
    members: list[Member]
    stopped: bool = field(default=False)  # on request, or since one of them failed

    @property
    def hosts(self) -> list[str]:
        return [member.host for member in self.members]

    def adopt(self) -> bool:
        """Take over what an earlier server started; False (and all of it ended) where a part is missing."""
        for member in self.members:
            member.run = engine.adopt(member.container.process)
        if all(member.run and not _lost(member.run) for member in self.members):
            return True
        self.end()
        return False

    def start(self, tasks: Sequence[engine.Task], cluster: str = "") -> None:
        """On this machine, or on the Ray cluster at an address."""
        hosts = {member.host: member.container.process for member in self.members}
        for member, task in zip(self.members, tasks, strict=True):
            member.run = engine.start(replace(task, hosts=hosts) if len(hosts) > 1 else task, cluster)

    def look(self, seconds: float) -> bool:
        """Wait so long at most for ends; True once all have ended. Where one failed, the others are stopped."""
        for member in self.members:
            if member.run and member.outcome is None:
                member.outcome = member.run.wait(seconds)
                seconds = 0
        if any(member.outcome and _failed(member.outcome) for member in self.members):
            self.stop()
        return all(member.outcome for member in self.members)

    def stop(self) -> None:
        """Ask those that still run to end; they have their grace."""
        if not self.stopped:
            self.stopped = True
            for member in self.members:
                if member.run and member.outcome is None:
                    member.run.stop()

    def leave(self, patience: float) -> None:
        """End all for a shutdown, giving them so many seconds together."""
        for member in self.members:
            if member.run:
                member.run.stop()
        for member in self.members:
            if member.run:
                member.run.end(patience)

    def end(self) -> None:
        """See to it that nothing of it runs any more, whoever started it."""
        for member in self.members:
            engine.end(member.container.process)

    @property
    def decisive(self) -> Member:
        """The instance whose end is the job's: the first that failed by itself, else the first that did not
        simply exit, else any."""
        ended = [m for m in self.members if m.outcome]
        failed = [m for m in ended if m.outcome and _failed(m.outcome)]
        cut = [m for m in ended if m.outcome and m.outcome.reason != "exited"]
        return (failed or cut or ended)[0]


def _failed(outcome: engine.Outcome) -> bool:
    return outcome.reason in ("lost", "memory") or (outcome.reason == "exited" and outcome.exit_code != 0)


def _lost(run: engine.LocalRun) -> bool:
    outcome = run.wait(0)
    return outcome is not None and outcome.reason == "lost"
