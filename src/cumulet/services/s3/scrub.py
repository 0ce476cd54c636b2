"""Everything that is stored, read and held against its checksum: what is damaged or missing is found in time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cumulet.services.s3 import rot
from cumulet.services.s3.dropped import Outcome
from cumulet.store import Store
from cumulet.store.objects import Entry

PAGE = 1000


@dataclass(slots=True)
class Scrub:
    """A reading of one bucket or all of them, all versions included; the counts go up as it goes on."""

    store: Store
    versions: int = 0
    size: int = 0
    faults: int = 0

    def run(self, only: str = "") -> Iterator[Outcome]:
        """What is wrong, as it is found."""
        for bucket, _ in self.store.records.list("s3.bucket", ""):
            if only in ("", bucket):
                for entry in self._entries(bucket):
                    self.versions += 1
                    self.size += entry.size
                    if outcome := self._look(entry):
                        self.faults += 1
                        yield outcome

    def _entries(self, bucket: str) -> Iterator[Entry]:
        start, after = b"", (b"", 0)
        while page := self.store.objects.versions(bucket, start, b"\xff", after, PAGE):
            yield from (entry for entry in page if not entry.marker)
            after = (page[-1].key.encode(), page[-1].rank)
            start = after[0]

    def _look(self, entry: Entry) -> Outcome | None:
        try:
            if not (why := rot.fault(self.store.blobs, entry)):
                return None
            told = Outcome("damaged", entry.bucket, entry.key, why + self._version(entry))
        except FileNotFoundError:
            told = Outcome(
                "missing", entry.bucket, entry.key, f"no file holds its bytes{self._version(entry)}"
            )
        except OSError as error:  # what a disk says of a sector that it cannot read
            told = Outcome("damaged", entry.bucket, entry.key, f"{error.strerror}{self._version(entry)}")
        # Overwritten or deleted while it was read: what counts is what stands now.
        now = self.store.objects.find(entry.bucket, entry.key, entry.version)
        return told if now and now.blob == entry.blob else None

    def _version(self, entry: Entry) -> str:
        return "" if entry.listed else f" (version {entry.version})"
