"""Everything that lives as long as the process: the store, the job supervisor, and the way to any service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cumulet import services
from cumulet.config import Config
from cumulet.services import Caller, Service
from cumulet.store import Store

if TYPE_CHECKING:
    from cumulet.jobs import Jobs


class House:
    """The one object that services are given. Made once by `app.py`, closed once."""

    def __init__(self, config: Config, clock: Callable[[], float] = time.time) -> None:
        from cumulet.jobs import Jobs

        self.config = config
        self.clock = clock  # seconds since the epoch; tests put their own here
        self.store = Store.open(config.data_dir, config.database_url)
        self.jobs: Jobs = Jobs(self)

    def service(self, name: str, caller: Caller) -> Any:
        """A service's operations for one caller: `house.service("s3", caller).put_object(Bucket=...)`."""
        return services.service_class(name)(self, caller)

    def close(self) -> None:
        self.jobs.close()
        self.store.close()


__all__ = ["Caller", "House", "Service"]
