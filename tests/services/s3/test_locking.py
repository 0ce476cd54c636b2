"""Object lock: what is kept cannot be deleted, and a loosened lock asks for the right to loosen it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cumulet.house import House
from cumulet.services import Caller
from cumulet.wire.errors import AwsError

A = {"Bucket": "vault", "Key": "a"}
DENIED = "AccessDenied"


@pytest.fixture
def vault(house: House, caller: Caller) -> Any:
    """S3's operations in this process, with a bucket `vault` whose versions can be locked."""
    service = house.service("s3", caller)
    service.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
    return service


def until(days: int, mode: str = "GOVERNANCE") -> dict[str, Any]:
    return {"Mode": mode, "RetainUntilDate": datetime.now(UTC).replace(microsecond=0) + timedelta(days=days)}


def put(vault: Any, **more: Any) -> dict[str, Any]:
    return {**A, "VersionId": vault.put_object(**A, Body=b"x", **more)["VersionId"]}


def test_a_locked_version_is_not_deleted_but_a_marker_may_cover_it(vault: Any) -> None:
    version = put(vault)
    vault.put_object_retention(**A, Retention=until(1))
    with pytest.raises(AwsError, match=DENIED):
        vault.delete_object(**version)
    assert vault.delete_object(**A)["DeleteMarker"]
    told = vault.delete_objects(
        Bucket="vault", Delete={"Objects": [{k: version[k] for k in ("Key", "VersionId")}]}
    )
    assert [error["Code"] for error in told["Errors"]] == [DENIED]
    vault.delete_object(**version, BypassGovernanceRetention=True)


def test_compliance_cannot_be_bypassed_nor_shortened(vault: Any) -> None:
    version = put(vault)
    vault.put_object_retention(**A, Retention=until(2, "COMPLIANCE"))
    for loosened in (until(1, "COMPLIANCE"), until(3), None):
        with pytest.raises(AwsError, match=DENIED):
            vault.put_object_retention(**A, Retention=loosened, BypassGovernanceRetention=True)
    with pytest.raises(AwsError, match=DENIED):
        vault.delete_object(**version, BypassGovernanceRetention=True)
    vault.put_object_retention(**A, Retention=until(3, "COMPLIANCE"))


def test_governance_is_loosened_only_by_who_bypasses_it(vault: Any) -> None:
    put(vault)
    vault.put_object_retention(**A, Retention=until(2))
    with pytest.raises(AwsError, match=DENIED):
        vault.put_object_retention(**A, Retention=until(1))
    shorter = until(1)
    vault.put_object_retention(**A, Retention=shorter, BypassGovernanceRetention=True)
    assert vault.get_object_retention(**A)["Retention"] == shorter


def test_a_hold_keeps_a_version_until_it_is_lifted(vault: Any) -> None:
    version = put(vault, ObjectLockLegalHoldStatus="ON")
    assert vault.head_object(**A)["ObjectLockLegalHoldStatus"] == "ON"
    with pytest.raises(AwsError, match=DENIED):
        vault.delete_object(**version, BypassGovernanceRetention=True)
    vault.put_object_legal_hold(**A, LegalHold={"Status": "OFF"})
    vault.delete_object(**version)


def test_a_bucket_retains_by_default(vault: Any) -> None:
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}
    told = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    vault.put_object_lock_configuration(Bucket="vault", ObjectLockConfiguration=told)
    assert vault.get_object_lock_configuration(Bucket="vault")["ObjectLockConfiguration"] == told
    version = put(vault)
    assert vault.head_object(**A)["ObjectLockMode"] == "GOVERNANCE"
    with pytest.raises(AwsError, match=DENIED):
        vault.delete_object(**version)


def test_a_bucket_that_locks_stays_versioned(vault: Any) -> None:
    with pytest.raises(AwsError, match="InvalidBucketState"):
        vault.put_bucket_versioning(Bucket="vault", VersioningConfiguration={"Status": "Suspended"})


def test_a_bucket_without_the_lock_takes_no_locked_object(lake: Any) -> None:
    lake.put_object(Bucket="lake", Key="a")
    with pytest.raises(AwsError, match="InvalidRequest"):
        lake.put_object_retention(Bucket="lake", Key="a", Retention=until(1))
    with pytest.raises(AwsError, match="InvalidRequest"):
        lake.put_object(Bucket="lake", Key="b", ObjectLockLegalHoldStatus="ON")


def test_the_past_is_no_time_to_retain_until(vault: Any) -> None:
    put(vault)
    with pytest.raises(AwsError, match="InvalidArgument"):
        vault.put_object_retention(**A, Retention=until(-1))


def test_a_mode_without_a_date_is_refused(vault: Any) -> None:
    with pytest.raises(AwsError, match="InvalidArgument"):
        put(vault, ObjectLockMode="GOVERNANCE")
