"""Configurations of buckets that are kept as they were put: how they are found, replaced and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cumulet.services.s3.access import Access

KIND = "s3.configuration"


class Configured(Access):
    def _configuration(self, bucket: str, name: str) -> dict[str, Any] | None:
        return self.store.records.get(KIND, bucket, name)

    def _configure(self, bucket: str, name: str, told: Mapping[str, Any] | None) -> None:
        """Keep a configuration instead of what was there; None takes it away."""

        def change() -> None:
            self._found(bucket)  # it may have been deleted meanwhile
            if told is None:
                self.store.records.delete(KIND, bucket, name)
            else:
                self.store.records.put(KIND, bucket, name, dict(told))

        self.store.atomically(change)
