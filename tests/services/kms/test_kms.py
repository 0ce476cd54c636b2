"""Keys that really encrypt."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cumulet.house import House
from cumulet.services import Caller
from cumulet.wire.errors import AwsError


@pytest.fixture
def kms(client: Callable[..., Any]) -> Any:
    return client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    made: str = kms.create_key(Description="for tests")["KeyMetadata"]["KeyId"]
    return made


def code(call: Callable[..., Any], **members: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**members)
    found: str = raised.value.response["Error"]["Code"]
    return found


def test_what_is_encrypted_is_decrypted_again(kms: Any, key: str) -> None:
    context = {"purpose": "test", "a": "b"}
    sealed = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext=context)
    assert b"secret" not in sealed["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", sealed["KeyId"])


def test_another_context_another_key_and_an_altered_text_are_refused(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret", EncryptionContext={"a": "b"})["CiphertextBlob"]
    assert code(kms.decrypt, CiphertextBlob=blob) == "InvalidCiphertextException"
    altered = blob[:-1] + bytes([blob[-1] ^ 1])
    right = {"EncryptionContext": {"a": "b"}}
    assert code(kms.decrypt, CiphertextBlob=altered, **right) == "InvalidCiphertextException"
    assert code(kms.decrypt, CiphertextBlob=b"nonsense", **right) == "InvalidCiphertextException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    assert code(kms.decrypt, CiphertextBlob=blob, KeyId=other, **right) == "IncorrectKeyException"


def test_a_data_key_comes_in_clear_and_sealed(kms: Any, key: str) -> None:
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert len(made["Plaintext"]) == 32
    assert kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"] == made["Plaintext"]
    sealed = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=17)
    assert len(kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]) == 17
    assert code(kms.generate_data_key, KeyId=key) == "ValidationException"


def test_a_text_moves_to_another_key_without_being_seen(kms: Any, key: str) -> None:
    blob = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    other = kms.create_key()["KeyMetadata"]["Arn"]
    moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
    assert kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])["KeyId"] == other


def test_a_key_that_is_off_does_nothing(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert code(kms.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException"
    kms.enable_key(KeyId=key)
    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_a_key_is_found_by_id_arn_and_alias(kms: Any, key: str) -> None:
    alias = f"alias/{uuid.uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    described = kms.describe_key(KeyId=alias)["KeyMetadata"]
    assert described["KeyId"] == key
    assert kms.describe_key(KeyId=described["Arn"])["KeyMetadata"] == described
    (listed,) = kms.list_aliases(KeyId=key)["Aliases"]
    assert kms.describe_key(KeyId=listed["AliasArn"])["KeyMetadata"] == described
    assert code(kms.create_alias, AliasName=alias, TargetKeyId=key) == "AlreadyExistsException"
    kms.delete_alias(AliasName=alias)
    assert code(kms.describe_key, KeyId=alias) == "NotFoundException"


def test_the_services_own_keys_are_there_when_they_are_needed(kms: Any) -> None:
    first = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
    assert (first["KeyManager"], kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]) == ("AWS", first)
    assert code(kms.disable_key, KeyId="alias/aws/s3") == "AccessDeniedException"


def test_keys_belong_to_a_region(client: Callable[..., Any], key: str) -> None:
    assert code(client("kms", region_name="eu-west-1").describe_key, KeyId=key) == "NotFoundException"


def test_every_key_is_listed_once(kms: Any, key: str) -> None:
    kms.create_key()
    pages = list(kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1}))
    found = [one["KeyId"] for page in pages for one in page["Keys"]]
    assert key in found
    assert len(found) == len(set(found)) == len(pages)


def test_tags(kms: Any, key: str) -> None:
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key, TagKeys=["a"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]


def test_other_kinds_of_keys_are_not_written(kms: Any) -> None:
    assert code(kms.create_key, KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY") == "NotImplemented"


def test_a_deleted_key_goes_when_its_time_has_come(house: House, caller: Caller) -> None:
    kms = house.service("kms", caller)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/mine", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(AwsError, match="KMSInvalidStateException"):
        kms.encrypt(KeyId=key, Plaintext=b"x")
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    now = house.clock()
    house.clock = lambda: now + 8 * 24 * 3600
    with pytest.raises(AwsError, match="NotFoundException"):
        kms.describe_key(KeyId="alias/mine")
    assert kms.list_aliases()["Aliases"] == []


class People:
    """A user who has keys, another of the same account, and the session of a role."""

    def __init__(self, house: House, caller: Caller) -> None:
        named = {
            "alice": f"arn:aws:iam::{caller.account}:user/alice",
            "bob": f"arn:aws:iam::{caller.account}:user/bob",
            "reader": f"arn:aws:sts::{caller.account}:assumed-role/reader/now",
        }
        self.role = f"arn:aws:iam::{caller.account}:role/reader"
        self.alice, self.bob, self.reader = (
            house.service("kms", replace(caller, arn=arn, user_id=name)) for name, arn in named.items()
        )

    def policy(self, *more: dict[str, Any]) -> str:
        own = {
            "Effect": "Allow",
            "Principal": {"AWS": self.alice.caller.arn},
            "Action": "kms:*",
            "Resource": "*",
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [own, *more]})


@pytest.fixture
def people(house: House, caller: Caller) -> People:
    return People(house, caller)


def test_a_key_serves_those_whom_its_policy_names(people: People) -> None:
    reading = {"Effect": "Allow", "Principal": {"AWS": people.role}, "Action": "kms:Decrypt", "Resource": "*"}
    key = people.alice.create_key(Policy=people.policy(reading))["KeyMetadata"]["KeyId"]
    blob = people.alice.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert people.reader.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    for refused in (people.reader.encrypt, people.bob.encrypt):
        with pytest.raises(AwsError, match=r"AccessDenied.*kms:Encrypt"):
            refused(KeyId=key, Plaintext=b"x")
    with pytest.raises(AwsError, match="AccessDenied"):
        people.bob.schedule_key_deletion(KeyId=key)


def test_a_new_policy_holds_at_once(people: People) -> None:
    key = people.alice.create_key()["KeyMetadata"]["KeyId"]
    people.bob.encrypt(KeyId=key, Plaintext=b"x")
    people.alice.put_key_policy(KeyId=key, Policy=people.policy())
    with pytest.raises(AwsError, match="AccessDenied"):
        people.bob.encrypt(KeyId=key, Plaintext=b"x")
    assert people.alice.get_key_policy(KeyId=key)["Policy"] == people.policy()


def test_nobody_locks_himself_out_unless_he_says_so(people: People) -> None:
    with pytest.raises(AwsError, match="in the future"):
        people.bob.create_key(Policy=people.policy())
    made = people.bob.create_key(Policy=people.policy(), BypassPolicyLockoutSafetyCheck=True)
    with pytest.raises(AwsError, match="AccessDenied"):
        people.bob.describe_key(KeyId=made["KeyMetadata"]["KeyId"])


def test_what_is_no_policy_is_refused(kms: Any) -> None:
    assert code(kms.create_key, Policy="{}") == "MalformedPolicyDocumentException"
