"""What the first start makes, and that it lasts."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.wire.errors import AwsError


def test_the_first_start_makes_an_account_and_later_ones_find_it(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "data")
    first = House(config)
    made = iam.bootstrap(first)
    assert iam.bootstrap(first) == made
    first.close()
    second = House(config)
    assert iam.bootstrap(second) == made
    assert iam.administrator(second) == made.credential
    second.close()


def test_two_processes_that_start_at_once_agree_on_the_account(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "data")
    one, other = House(config), House(config)
    assert iam.bootstrap(one) == iam.bootstrap(other)
    one.close()
    other.close()


def test_what_holds_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    house = House(Config(data_dir=tmp_path / "data"))
    iam.bootstrap(house)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    for file in (tmp_path / "data").glob("cumulet.db*"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    house.close()


def test_credentials_go_on_working_after_a_restart(own_server: Any) -> None:
    before = own_server.client("sts").get_caller_identity()["Arn"]
    own_server.kill()
    own_server.start()
    assert own_server.client("sts").get_caller_identity()["Arn"] == before


def test_an_account_has_twelve_digits_and_a_canonical_id(house: House) -> None:
    made = iam.bootstrap(house)
    assert len(made.id) == 12
    assert made.id.isdecimal()
    assert len(made.canonical_id) == 64
    assert made.role_arn == f"arn:aws:iam::{made.id}:role/CumuletAdministrator"


def test_accounts_are_strangers(house: House, caller: Caller) -> None:
    other = iam.create_account(house, "other")
    assert {account.name for account in iam.accounts(house)} == {"main", "other"}
    them = Caller(other.id, caller.region, other.credential.arn, other.credential.user_id)
    house.service("iam", caller).create_user(UserName="ours")
    assert house.service("iam", them).list_users()["Users"] == []
    with pytest.raises(AwsError, match="NoSuchEntity"):
        house.service("iam", them).get_user(UserName="ours")


def test_an_account_name_is_taken_once(house: House) -> None:
    iam.create_account(house, "other")
    with pytest.raises(AwsError, match="EntityAlreadyExists"):
        iam.create_account(house, "other")


def test_the_administrator_role_cannot_be_deleted(house: House, caller: Caller) -> None:
    with pytest.raises(AwsError, match="UnmodifiableEntity"):
        house.service("iam", caller).delete_role(RoleName="CumuletAdministrator")


def test_an_access_key_id_tells_its_account() -> None:
    from base64 import b32decode

    from cumulet.services.iam import identifiers

    packed = b32decode(identifiers.access_key_id("123456789012")[4:])
    assert (int.from_bytes(packed[:6], "big") & 0x7FFFFFFFFF80) >> 7 == 123456789012
