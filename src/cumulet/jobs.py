"""The supervisor: gives every promised piece of work a thread, and work that lost its server another try.

Work of kind "glue.run_crawler" is done by the method `run_crawler(job)` of the service glue, called as the
caller who asked for it. A method that was running when the server died is called again with a higher
`job.attempt`: it adopts what still runs, starts over, or marks its resource failed. What it raises is
logged, and told to the method of the same name with `_failed` behind it, so that nothing stays InProgress.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from cumulet.services import Caller
from cumulet.store.database import Closed

if TYPE_CHECKING:
    from cumulet.house import House
    from cumulet.store.queue import Entry

log = logging.getLogger(__name__)

REMEMBERED = 7 * 86400.0  # seconds that finished work is kept, for those who look why it failed
RECOVERY = 1.0  # seconds until the next try where the store does not answer


class Suspended(Exception):
    """Raised by a method that leaves its work to the next start of the server."""


class Job:
    """One running piece of work, as its method sees it."""

    def __init__(self, jobs: Jobs, entry: Entry) -> None:
        self.jobs = jobs
        self.id = entry.id
        self.kind = entry.kind
        self.caller = Caller(**entry.caller)
        self.payload = entry.payload
        self.attempt = entry.attempt
        self._stop = entry.stop
        self._woken = threading.Event()

    @property
    def stopping(self) -> bool:
        """Somebody asked for the end of this work."""
        return self._stop

    @property
    def leaving(self) -> bool:
        """The server is shutting down: put things in order and raise `Suspended`."""
        return self.jobs.closing.is_set()

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past a request to stop, a shutdown, or a wake; True where one of the first two has come."""
        if not (self.stopping or self.leaving):
            self._woken.wait(seconds)
            self._woken.clear()  # what it was set for is in the job's flags, or looked at next
        return self.stopping or self.leaving

    def save(self, **changes: Any) -> None:
        """Remember something for the next attempt."""
        self.payload.update(changes)
        self.jobs.house.store.queue.save(self.id, self.payload)

    def wake(self, *, stop: bool = False) -> None:
        self._stop = self._stop or stop
        self._woken.set()


class Jobs:
    """All work under way in this process."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.closing = threading.Event()
        self.changed = threading.Condition()
        self.announced = False
        self.running: dict[str, tuple[Job, threading.Thread]] = {}
        self.thread: threading.Thread | None = None
        self.elsewhere: Callable[[str], None] | None = None  # tells the process that does the work

    def start(self) -> None:
        """Take up what an earlier process left, then whatever is added."""
        self.house.store.queue.requeue()
        self.house.store.queue.forget_finished(self.house.clock() - REMEMBERED)
        self.thread = threading.Thread(target=self._supervise, name="supervisor", daemon=True)
        self.thread.start()

    def add(self, kind: str, caller: Caller, *, due: float | None = None, **payload: Any) -> str:
        """Promise work: `jobs.add("glue.run_crawler", self.caller, name="reviews")`; its id.

        Inside `store.atomically` the promise and the resource's record are remembered together.
        """
        at_once = due is None and self.thread is not None
        due = self.house.clock() if due is None else due
        entry = self.house.store.queue.add(kind, asdict(caller), payload, due, running=at_once)
        begin = partial(self._begin_at_once, Job(self, entry)) if at_once else self._announce
        self.house.store.database.after_commit(begin)
        return entry.id

    def stop(self, entry: str) -> None:
        """Ask a piece of work to end; it may take its time to do so.

        Inside `store.atomically` the request and the resource's record are remembered together.
        """
        self.house.store.queue.stop(entry)
        self.house.store.database.after_commit(lambda: self._tell(entry))

    def heed(self, entry: str) -> None:
        """Another process has added work, or (where it names one) asked a piece of it to end."""
        if entry:
            self._tell(entry)
        else:
            self._announce()

    def _tell(self, entry: str) -> None:
        if self.elsewhere:
            return self.elsewhere(entry)
        with self.changed:
            found = self.running.get(entry)
        if found:
            found[0].wake(stop=True)
        return self._announce()

    def close(self, patience: float = 20.0) -> None:
        """Wake all work, and wait until it has put things in order for the next start."""
        deadline = time.monotonic() + patience
        self.closing.set()
        self._announce()
        if self.thread:
            self.thread.join(patience)  # first, so that it begins nothing behind our back
        with self.changed:
            left = list(self.running.values())
        for job, _ in left:
            job.wake()
        for _, thread in left:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _announce(self) -> None:
        if self.elsewhere and not self.closing.is_set():
            return self.elsewhere("")
        with self.changed:
            self.announced = True
            return self.changed.notify_all()

    def _supervise(self) -> None:
        while not self.closing.is_set():
            try:
                self._claim()
            except Exception:
                log.exception("the queue of jobs cannot be read; trying again")
                self.closing.wait(RECOVERY)

    def _claim(self) -> None:
        claimed = self.house.store.queue.claim(self.house.clock())
        for entry in claimed:
            self._begin(Job(self, entry))
        if not claimed:
            self._sleep()

    def _sleep(self) -> None:
        """Until something is added or due; at most a second, since clocks may be moved by hand."""
        with self.changed:
            if not (self.announced or self.closing.is_set()):
                due = self.house.store.queue.next_due()
                self.changed.wait(1.0 if due is None else min(1.0, max(0.001, due - self.house.clock())))
            self.announced = False

    def _begin_at_once(self, job: Job) -> None:
        """What was added as running: nobody can have asked for its end yet. The next start does it, if this
        one is closing."""
        thread = self._thread(job)
        with self.changed:
            if self.closing.is_set():
                return
            self.running[job.id] = (job, thread)
            thread.start()

    def _begin(self, job: Job) -> None:
        thread = self._thread(job)
        with self.changed:
            self.running[job.id] = (job, thread)
        if self.house.store.queue.stopping(job.id):
            job.wake(stop=True)  # asked for after it was claimed and before it was in `running`
        thread.start()

    def _thread(self, job: Job) -> threading.Thread:
        return threading.Thread(target=self._run, args=(job,), name=f"{job.kind} {job.id}", daemon=True)

    def _run(self, job: Job) -> None:
        try:
            method = self._method(job)
            if method is None:
                raise LookupError(f"No service does work of kind {job.kind}.")
            method(job)
            self.house.store.queue.finish(job.id)
        except Suspended:
            pass
        except Closed:
            log.warning("%s %s goes on at the next start", job.kind, job.id)
        except BaseException as error:
            log.exception("%s %s failed", job.kind, job.id)
            self._failed(job, f"{type(error).__name__}: {error}")
        finally:
            with self.changed:
                self.running.pop(job.id, None)

    def _method(self, job: Job, suffix: str = "") -> Callable[..., None] | None:
        service, _, method = job.kind.partition(".")
        return getattr(self.house.service(service, job.caller), method + suffix, None)

    def _failed(self, job: Job, reason: str) -> None:
        """Tell the resource, where its service has a method for that; then the work is done for."""
        try:
            if tell := self._method(job, "_failed"):
                tell(job, reason)
        except Exception:
            log.exception("%s %s could not be told of its failure", job.kind, job.id)
        with suppress(Closed):  # then the next start tries the work again
            self.house.store.queue.finish(job.id, reason)
