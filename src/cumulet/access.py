"""The administrator's credential, for commands that run beside the server and open the same store."""

from __future__ import annotations

from cumulet.config import Config
from cumulet.store.credentials import Credential


def administrator(config: Config) -> Credential:
    """What `cumulet env` hands out; a data directory that is new gets its account here as well as by `up`."""
    from cumulet.house import House
    from cumulet.services import iam

    house = House(config)
    try:
        return iam.administrator(house)
    finally:
        house.close()
