"""The sweep: at every midnight (UTC) what the rules of lifecycles say is done, in all buckets.

One job at a time, which promises the next when it ends; buckets without rules cost nothing. Versions are
looked at in pages outside of any change. What is due is done in small changes, each of which looks again:
so a sweep may be cut short anywhere, and be repeated.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lifecycle-mgmt.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice, pairwise
from typing import Any, TypeVar

from cumulet.jobs import Job, Suspended
from cumulet.services import Caller
from cumulet.services.s3 import retention
from cumulet.services.s3.access import Bucket
from cumulet.services.s3.days import DAY, Calendar
from cumulet.services.s3.lifecycle_rules import ALL_CLASSES, Lifecycle, Standing, prefixes
from cumulet.services.s3.multipart import Multipart
from cumulet.store.history import Version
from cumulet.store.objects import Entry, behind
from cumulet.store.uploads import Upload
from cumulet.wire.errors import AwsError

T = TypeVar("T")
log = logging.getLogger(__name__)

PROMISE = ("s3.promise", "", "sweep")  # the record that names the job that sweeps next
AT_ONCE = 32  # versions that one change deals with: others wait for it
PAGE = 1000
OF_UPLOADS = "AbortIncompleteMultipartUpload"
NO_RULES: dict[str, Any] = {"rules": [], "minimum": ALL_CLASSES}
NOT_OF_VERSIONS = {OF_UPLOADS, "ID", "Status", "Filter", "Prefix"}


class Sweeping(Multipart):
    def sweep(self, job: Job) -> None:
        """The work of one midnight. A bucket that cannot be swept keeps nobody else from it."""
        promised = self.store.records.get(*PROMISE)
        if promised is None or promised["job"] != job.id:
            return  # another has taken its place
        for name in self._ruled():
            try:
                self.sweep_bucket(name, lambda: job.leaving)
            except (AwsError, OSError):
                log.exception(
                    "the lifecycle of bucket %s could not be obeyed; the next sweep tries again", name
                )
        self.store.making_room(self._promise_next)

    def sweep_failed(self, job: Job, reason: str) -> None:
        self.store.making_room(self._promise_next)

    def sweep_bucket(self, name: str, leaving: Callable[[], bool] = lambda: False) -> None:
        """Do what is due in one bucket; `Suspended` where there is no time for all of it."""
        kept = self.store.records.get("s3.configuration", name, "lifecycle")
        if kept is None:
            return
        lifecycle, calendar, now = Lifecycle.of(kept), self._calendar(), self.house.clock()
        for due in _batches(self._due_versions(name, lifecycle, calendar, now)):
            if leaving():
                raise Suspended
            self._deal_with(name, due)
        for uploads in _batches(self._due_uploads(name, lifecycle, calendar, now)):
            if leaving():
                raise Suspended
            self._give_up(uploads)

    def _promise_sweep(self) -> None:
        """Inside a change: see to it that somebody sweeps, since there are rules now."""
        promised = self.store.records.get(*PROMISE)
        if promised is None or promised["due"] < self.house.clock() - DAY:
            self._promise()

    def _promise_next(self) -> None:
        if self._ruled():
            self._promise()
        else:
            self.store.records.delete(*PROMISE)

    def _promise(self) -> None:
        due = self._calendar().next_sweep(self.house.clock())
        house = Caller(account="", region=self.caller.region)  # nobody's call: rules need no permission
        job = self.house.jobs.add("s3.sweep", house, due=due)
        self.store.records.put(*PROMISE, {"job": job, "due": due})

    def _calendar(self) -> Calendar:
        return Calendar(self.house.config.s3_day)

    def _ruled(self) -> list[str]:
        """The buckets that have rules."""
        return [name for name, bucket in self.store.records.list("s3.bucket", "") if bucket.get("lifecycle")]

    def _due_versions(
        self, bucket: str, lifecycle: Lifecycle, calendar: Calendar, now: float
    ) -> Iterator[tuple[Version, Standing]]:
        """Versions for which something may be due: their tags have not been looked at."""
        horizon = calendar.since(now, lifecycle.soonest)
        for part in prefixes(rule for rule in lifecycle.rules if rule.keys() - NOT_OF_VERSIONS):
            versions = chain.from_iterable(self.store.history.pages(bucket, part))
            for version, standing in standings(versions, horizon):
                if lifecycle.fate(standing, None, now, calendar):
                    yield version, standing

    def _deal_with(self, name: str, due: Iterable[tuple[Version, Standing]]) -> None:
        def change() -> tuple[list[str], list[str]]:
            bucket = self._found(name)
            kept = self.store.records.get("s3.configuration", name, "lifecycle")
            lifecycle = Lifecycle.of(kept or NO_RULES)
            keys: list[str] = []
            lost: list[str] = []
            for version, standing in due:
                if (entry := self._still(bucket, version, standing)) is not None:
                    lost += self._fulfil(bucket, entry, standing, lifecycle)
                    keys.append(version.key)
            return keys, lost

        keys, lost = self.store.making_room(change)
        self._follow_up(name, dict.fromkeys(keys), lost)

    def _still(self, bucket: Bucket, seen: Version, standing: Standing) -> Entry | None:
        """The version, if it stands where it stood when it was looked at."""
        entry = self.store.objects.find(bucket["name"], seen.key, seen.version)
        newest = self.store.objects.find(bucket["name"], seen.key)
        if entry is None or newest is None or entry.rank != seen.rank:
            return None
        if (newest.rank == entry.rank) != standing.current:
            return None
        if standing.alone and len(self.store.history.of_key(bucket["name"], seen.key, 2)) > 1:
            return None
        return entry

    def _fulfil(self, bucket: Bucket, entry: Entry, standing: Standing, lifecycle: Lifecycle) -> list[str]:
        """Inside a change: what is due for a version; the blobs that are lost by it."""
        standing, told = replace(standing, storage=entry.storage), entry.detail.get("tags", {})
        fate = lifecycle.fate(standing, told, self.house.clock(), self._calendar())
        hides = standing.current and not entry.marker and bool(bucket.get("versioning"))
        goes = fate.expires and not hides and not retention.holds(entry.detail, self.house.clock())
        if goes:
            return self.store.objects.remove(entry)
        if fate.storage:
            entry.storage = fate.storage
            self.store.objects.edit(entry)
        if fate.expires and hides:
            marker = Entry(bucket["name"], entry.key, modified=self._now(), marker=True)
            self._name_version(bucket, marker, entry)
            return self.store.objects.put(marker)
        return []

    def _due_uploads(
        self, bucket: str, lifecycle: Lifecycle, calendar: Calendar, now: float
    ) -> Iterator[Upload]:
        for part in prefixes(rule for rule in lifecycle.rules if OF_UPLOADS in rule):
            after = (b"", "")
            while page := self.store.uploads.under(bucket, part.encode(), behind(part.encode()), after, PAGE):
                for upload in page:
                    end = lifecycle.abortion(upload.key, upload.begun, calendar)
                    if end and end[0] <= now:
                        yield upload
                after = (page[-1].key.encode(), page[-1].id)

    def _give_up(self, uploads: Iterable[Upload]) -> None:
        """Uploads and their parts go, but those that somebody has completed or aborted meanwhile."""

        def change() -> list[str]:
            found = [
                upload for upload in uploads if self.store.uploads.find(upload.bucket, upload.key, upload.id)
            ]
            return [blob for upload in found for blob in self.store.uploads.end(upload)]

        self.store.leftovers.remove(self.store.making_room(change))


def _batches(found: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(found, AT_ONCE)):
        yield batch


def standings(versions: Iterable[Version], horizon: float) -> Iterator[tuple[Version, Standing]]:
    """Versions in order, each with its standing among those of its key; those made behind the horizon, for
    which nothing can be due, are passed over."""
    before: Version | None = None
    newer = 0
    nobody: Any = None
    for version, after in pairwise(chain(versions, [nobody])):
        first = before is None or before.key != version.key
        newer = 0 if first else newer
        if version.modified <= horizon:
            yield (
                version,
                Standing(
                    key=version.key,
                    size=version.size,
                    modified=version.modified,
                    storage=version.storage,
                    current=first,
                    marker=version.marker,
                    alone=first and (after is None or after.key != version.key),
                    since=0.0 if first or before is None else before.modified,
                    newer=newer,
                ),
            )
        newer += not (first or version.marker)
        before = version
