"""The administrator's keys, for commands that run beside the server.

A server leaves them in its data directory (`run/administrator.json`, mode 0600) so that `cumulet env` need
not open the store; without a server the store is opened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from cumulet.config import Config
from cumulet.presence import serving, write_secret


def administrator(config: Config) -> Mapping[str, str]:
    """What `cumulet env` hands out, in AWS's words: AccessKeyId, SecretAccessKey."""
    if serving(config.data_dir):
        found: dict[str, str] = json.loads(_place(config).read_text())
        return found
    return _from_store(config)


def leave(config: Config, keys: Mapping[str, str]) -> None:
    """The server's side: put the keys where `administrator` finds them."""
    write_secret(_place(config), json.dumps(dict(keys)))


def _place(config: Config) -> Path:
    return config.data_dir / "run" / "administrator.json"


def _from_store(config: Config) -> Mapping[str, str]:
    """A data directory that is new gets its account here as well as by `up`."""
    from cumulet.house import House
    from cumulet.services import iam

    house = House(config)
    try:
        credential = iam.administrator(house)
    finally:
        house.close()
    return {"AccessKeyId": credential.access_key, "SecretAccessKey": credential.secret}
