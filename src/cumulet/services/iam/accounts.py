"""Accounts: strangers to each other. A data directory has one from its first start, and may get more.

An account comes with an administrator role and a long-lived access key that speaks as a session of that
role, so that `sts.get_caller_identity()` names a role, as in a SageMaker notebook (docs/decisions/0003).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cumulet.services import Caller
from cumulet.services.iam import identifiers
from cumulet.services.principals import canonical_id
from cumulet.store.credentials import Credential
from cumulet.wire.errors import AwsError

if TYPE_CHECKING:
    from cumulet.house import House

ACCOUNT = "iam.account"
FIRST = "main"
ADMINISTRATOR = "CumuletAdministrator"
SESSION = "cumulet"
TRUSTED = ("sagemaker", "glue", "lambda", "athena")
ALL = "arn:aws:iam::aws:policy/AdministratorAccess"


@dataclass(frozen=True, slots=True)
class Account:
    """An account and the credential that administers it."""

    name: str
    id: str
    canonical_id: str
    credential: Credential

    @property
    def role_arn(self) -> str:
        return f"arn:aws:iam::{self.id}:role/{ADMINISTRATOR}"


def bootstrap(house: House) -> Account:
    """The data directory's first account, made on the first start and found on every later one."""
    return find(house, FIRST) or house.store.atomically(
        lambda: find(house, FIRST) or create_account(house, FIRST)
    )


def account(house: House) -> str:
    """The id of the first account."""
    return bootstrap(house).id


def administrator(house: House) -> Credential:
    """What `cumulet env` hands out."""
    return bootstrap(house).credential


def find(house: House, name: str) -> Account | None:
    body = house.store.records.get(ACCOUNT, "", name)
    if body is None:
        return None
    credential = house.store.credentials.find(body["administrator"])
    assert credential, f"the credential of account {name} has been taken out of the store"
    return Account(name, body["id"], canonical_id(body["id"]), credential)


def accounts(house: House) -> list[Account]:
    found = (find(house, name) for name, _ in house.store.records.list(ACCOUNT, ""))
    return [one for one in found if one]


def create_account(house: House, name: str) -> Account:
    """A further account, which shares nothing with the others but this server."""
    return house.store.atomically(lambda: _create(house, name))


def _create(house: House, name: str) -> Account:
    taken = {body["id"] for _, body in house.store.records.list(ACCOUNT, "")}
    if house.store.records.get(ACCOUNT, "", name):
        raise AwsError("EntityAlreadyExists", f"There is an account named {name} already.", status=409)
    number = identifiers.account_id()
    while number in taken:
        number = identifiers.account_id()
    credential = _administrator(house, number)
    body = {"id": number, "created": house.clock(), "administrator": credential.access_key}
    house.store.records.create(ACCOUNT, "", name, body)
    house.store.credentials.put(credential)
    return Account(name, number, canonical_id(number), credential)


def _administrator(house: House, number: str) -> Credential:
    root = Caller(number, house.config.region, arn=f"arn:aws:iam::{number}:root", user_id=number)
    iam = house.service("iam", root)
    role = iam.create_role(
        RoleName=ADMINISTRATOR,
        AssumeRolePolicyDocument=json.dumps(_trust(root.arn)),
        Description="Administers this account; its credentials are what cumulet env prints.",
        MaxSessionDuration=12 * 3600,
    )["Role"]
    iam.attach_role_policy(RoleName=ADMINISTRATOR, PolicyArn=ALL)
    return Credential(
        access_key=identifiers.access_key_id(number),
        secret=identifiers.secret_key(),
        token="",
        account=number,
        arn=f"arn:aws:sts::{number}:assumed-role/{ADMINISTRATOR}/{SESSION}",
        user_id=f"{role['RoleId']}:{SESSION}",
    )


def _trust(root: str) -> dict[str, object]:
    """The services that act with this role, and whoever in the account is allowed to."""
    principal = {"Service": [f"{name}.amazonaws.com" for name in TRUSTED], "AWS": root}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}
