"""How long events are kept. What is older is hidden at once, and deleted now and every day from then on."""

from __future__ import annotations

from cumulet.jobs import Job
from cumulet.services.logs.journals import GROUP, Journals
from cumulet.services.logs.writing import DAY
from cumulet.wire.errors import AwsError

ALLOWED: tuple[int, ...] = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731)
ALLOWED += (1096, 1827, 2192, 2557, 2922, 3288, 3653)


class Retention(Journals):
    def put_retention_policy(self, *, logGroupName: str, retentionInDays: int) -> None:
        if retentionInDays not in ALLOWED:
            raise AwsError(
                "InvalidParameterException",
                f"Invalid retentionInDays {retentionInDays}; allowed are {', '.join(map(str, ALLOWED))}.",
            )

        def change() -> None:
            had = "retention" in self.group(logGroupName)
            self.change_group(logGroupName, retention=retentionInDays)
            if not had:
                self.house.jobs.add("logs.forget_expired", self.caller, group=logGroupName)

        self.store.atomically(change)

    def delete_retention_policy(self, *, logGroupName: str) -> None:
        self.change_group(logGroupName, retention=None)

    def forget_expired(self, job: Job) -> None:
        """Work: delete what has expired, and promise the same for tomorrow while there is a policy."""
        name = job.payload["group"]
        group = self.store.records.get(GROUP, self.caller.scope, name)
        if group is None or "retention" not in group:
            return
        self.store.lines.forget(self.journal(name), self.now() - group["retention"] * DAY)
        tomorrow = self.house.clock() + DAY / 1000
        self.house.jobs.add("logs.forget_expired", self.caller, due=tomorrow, group=name)
