"""What is remembered: resources, object bytes, the queue of jobs, credentials and lines of text.

Everything here survives `kill -9`: a call returns only when the change is on disk (but for steps
on the way to a promise, see `deferring`). Nothing here knows what an AWS service is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cumulet.presence import prepare
from cumulet.store import haste
from cumulet.store.blobs import Blobs
from cumulet.store.checkup import Checkup
from cumulet.store.credentials import Credentials
from cumulet.store.database import Database, Full, open_database
from cumulet.store.events import Events
from cumulet.store.fresh import Fresh
from cumulet.store.history import History
from cumulet.store.leftovers import Leftovers
from cumulet.store.lines import Lines
from cumulet.store.metrics import Metrics
from cumulet.store.objects import Objects, behind
from cumulet.store.partitions import Partitions
from cumulet.store.queue import Queue
from cumulet.store.records import Records
from cumulet.store.reserve import Reserve
from cumulet.store.sealed import Ring
from cumulet.store.settler import Settler
from cumulet.store.taking import Taking
from cumulet.store.tree import Tree
from cumulet.store.uploads import Uploads

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Store:
    """One data directory and its database. Safe to use from any thread."""

    directory: Path
    database: Database
    records: Records
    credentials: Credentials
    queue: Queue
    partitions: Partitions
    lines: Lines
    metrics: Metrics
    events: Events
    objects: Objects
    history: History
    uploads: Uploads
    blobs: Blobs
    fresh: Fresh
    settler: Settler
    leftovers: Leftovers
    tree: Tree
    taking: Taking
    checkup: Checkup
    reserve: Reserve

    @classmethod
    def open(cls, directory: Path, database_url: str | None = None) -> Store:
        prepare(directory)
        reserve = Reserve(directory / "reserve")
        database = open_database(directory, database_url)
        fresh = Fresh(database)
        objects, tree = Objects(database, fresh), Tree(directory / "s3")
        blobs = Blobs(directory / "s3" / ".objects", Ring(directory / "keys" / "objects.key"), fresh)
        settler = Settler(blobs, fresh, objects, tree)
        taking = Taking(blobs, objects)
        return cls(
            directory=directory,
            database=database,
            records=Records(database),
            credentials=Credentials(database),
            queue=Queue(database),
            partitions=Partitions(database),
            lines=Lines(database),
            metrics=Metrics(database),
            events=Events(database),
            objects=objects,
            history=History(database),
            uploads=Uploads(database),
            blobs=blobs,
            fresh=fresh,
            settler=settler,
            leftovers=Leftovers(blobs),
            tree=tree,
            taking=taking,
            reserve=reserve,
            checkup=Checkup(objects, blobs, tree, taking, settler),
        )

    def atomically(self, change: Callable[[], T]) -> T:
        """Run several calls on this store as one: all of them are remembered, or none.

        `change` runs while others wait, so it does nothing but read and write the store.
        """
        if self.reserve.missing:
            self.reserve.keep()
        return self.database.write(lambda _: change())

    def soon(self, change: Callable[[], T]) -> Awaitable[T]:
        """As `atomically`, for an event loop, which is told when the change is on disk."""
        if self.reserve.missing:
            haste.check()
        return self.database.write_soon(lambda _: change())

    def making_room(self, change: Callable[[], T]) -> T:
        """As `atomically`, for a change behind which there is more room: a full disk does not keep it."""
        try:
            return self.atomically(change)
        except Full:
            if not self.reserve.give_up():
                raise
        return self.atomically(change)

    def settle(self, bucket: str, prefix: str = "") -> None:
        """See that all objects under a prefix have files, for who is to read them in place."""
        for blob in self.fresh.under(bucket, prefix.encode(), behind(prefix.encode())):
            self.blobs.settle(blob)

    def deferring(self) -> AbstractContextManager[None]:
        """Inside, changes of this thread wait for no disk; the next change outside makes them durable too."""
        return self.database.deferring()

    def close(self) -> None:
        self.settler.close()
        self.leftovers.close()
        self.checkup.close()
        self.database.close()
