"""The administrator's role keeps what it may do: without it nobody could work in the account any more.

Its first credential is therefore let through without a look at policies (`services/permissions.py`), and what
would limit the role is refused rather than ignored, as AWS does for roles that are its own.
"""

from __future__ import annotations

from cumulet.services import policies
from cumulet.services.iam.entities import ROLE
from cumulet.services.permissions import ADMINISTRATOR
from cumulet.wire.errors import AwsError

ALL = "arn:aws:iam::aws:policy/AdministratorAccess"


def is_administrator(kind: str, name: str) -> bool:
    return kind == ROLE and name.lower() == ADMINISTRATOR.lower()


def check_given(kind: str, name: str, document: str) -> None:
    """More may be granted to it, nothing denied."""
    denies = any(one.effect == "Deny" for one in policies.parse(document, "identity").statements)
    if denies and is_administrator(kind, name):
        raise refusal("nothing can be denied to it")


def check_taken(kind: str, name: str, arn: str) -> None:
    if arn == ALL and is_administrator(kind, name):
        raise refusal("AdministratorAccess cannot be detached from it")


def refusal(why: str) -> AwsError:
    text = f"{ADMINISTRATOR} is the role of this data directory's own credentials; {why}."
    return AwsError("UnmodifiableEntity", text)
