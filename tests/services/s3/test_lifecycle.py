"""Lifecycles as they are obeyed: a house whose clock the test moves, swept when the test says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cumulet.config import Config
from cumulet.house import House
from cumulet.services import Caller, iam
from cumulet.services.s3.lifecycle_rules import COLDNESS
from cumulet.services.s3.metadata import STORAGE_CLASSES
from cumulet.services.s3.sweeping import PROMISE
from cumulet.wire.errors import AwsError

from .clock import Clock

ENOUGH = 128 << 10  # bytes from which on objects are moved


@pytest.fixture
def s3(calm: Any) -> Any:
    return calm


def rule(name: str = "rule", prefix: str = "", **actions: Any) -> dict[str, Any]:
    return {"ID": name, "Filter": {"Prefix": prefix}, "Status": "Enabled", **actions}


def configure(s3: Any, *rules: dict[str, Any], **options: Any) -> None:
    s3.put_bucket_lifecycle_configuration(
        Bucket="lake", LifecycleConfiguration={"Rules": list(rules)}, **options
    )


def version(s3: Any, status: str = "Enabled") -> None:
    s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": status})


def put(s3: Any, key: str, content: bytes = b"content", **members: Any) -> str:
    return str(s3.put_object(Bucket="lake", Key=key, Body=content, **members).get("VersionId"))


def keys(s3: Any) -> list[str]:
    return [found["Key"] for found in s3.list_objects_v2(Bucket="lake").get("Contents", [])]


def history(s3: Any) -> list[str]:
    """Versions, newest first; those of delete markers as "marker"."""
    told = s3.list_object_versions(Bucket="lake")
    found = [(v["LastModified"], v["IsLatest"], v["VersionId"]) for v in told["Versions"]]
    found += [(m["LastModified"], m["IsLatest"], "marker") for m in told["DeleteMarkers"]]
    return [name for _, _, name in sorted(found, reverse=True)]


def classes(s3: Any) -> dict[str, str]:
    return {found["Key"]: found["StorageClass"] for found in s3.list_objects_v2(Bucket="lake")["Contents"]}


def sweep(s3: Any) -> None:
    s3.sweep_bucket("lake")


def test_an_object_expires_at_the_midnight_after_its_days(s3: Any, clock: Clock) -> None:
    put(s3, "old")
    configure(s3, rule(Expiration={"Days": 3}))
    clock.now = datetime(2030, 1, 18, 23, 59, 59, tzinfo=UTC).timestamp()
    sweep(s3)
    assert keys(s3) == ["old"]
    clock.now += 1
    sweep(s3)
    assert keys(s3) == []


def test_only_what_a_rule_speaks_of_expires(s3: Any, clock: Clock) -> None:
    for key in ("logs/a", "logs", "log/b", "z"):
        put(s3, key)
    configure(
        s3,
        rule(prefix="logs/", Expiration={"Days": 1}),
        rule("off", Expiration={"Days": 1}, Status="Disabled"),
    )
    clock.pass_days(3)
    sweep(s3)
    assert keys(s3) == ["log/b", "logs", "z"]


def test_the_older_place_of_the_prefix_means_the_same(s3: Any, clock: Clock) -> None:
    put(s3, "a/1")
    put(s3, "b/1")
    configure(s3, {"ID": "x", "Prefix": "a/", "Status": "Enabled", "Expiration": {"Days": 1}})
    clock.pass_days(3)
    sweep(s3)
    assert keys(s3) == ["b/1"]


def test_all_conditions_of_a_filter_must_hold(s3: Any, clock: Clock) -> None:
    put(s3, "both", b"x" * 100, Tagging="a=1&b=2")
    put(s3, "one", b"x" * 100, Tagging="a=1")
    put(s3, "other", b"x" * 100, Tagging="a=1&b=3")
    put(s3, "small", b"x" * 50, Tagging="a=1&b=2")
    put(s3, "large", b"x" * 200, Tagging="a=1&b=2")
    pairs = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]
    wanted = {"And": {"Tags": pairs, "ObjectSizeGreaterThan": 50, "ObjectSizeLessThan": 200}}
    configure(s3, rule(Expiration={"Days": 1}) | {"Filter": wanted})
    clock.pass_days(3)
    sweep(s3)
    assert keys(s3) == ["large", "one", "other", "small"]


def test_a_date_counts_for_all_that_is_there_from_then_on(s3: Any, clock: Clock) -> None:
    put(s3, "before")
    configure(s3, rule(Expiration={"Date": datetime(2030, 1, 17, tzinfo=UTC)}))
    sweep(s3)
    assert keys(s3) == ["before"]
    clock.pass_days(2)
    put(s3, "after")
    sweep(s3)
    assert keys(s3) == []


def test_the_shortest_of_several_expirations_counts(s3: Any, clock: Clock) -> None:
    put(s3, "a/b")
    configure(s3, rule(Expiration={"Days": 365}), rule("sooner", "a/", Expiration={"Days": 1}))
    told = s3.head_object(Bucket="lake", Key="a/b")["Expiration"]
    assert told == 'expiry-date="Thu, 17 Jan 2030 00:00:00 GMT", rule-id="sooner"'
    clock.pass_days(2)
    sweep(s3)
    assert keys(s3) == []


def test_answers_tell_when_an_object_will_expire(s3: Any) -> None:
    configure(s3, rule("a rule/1", "tmp/", Expiration={"Days": 1}))
    told = 'expiry-date="Thu, 17 Jan 2030 00:00:00 GMT", rule-id="a%20rule%2F1"'
    place = {"Bucket": "lake", "Key": "tmp/a"}
    assert s3.put_object(**place, Body=b"x")["Expiration"] == told
    assert s3.get_object(**place)["Expiration"] == told
    assert s3.head_object(**place)["Expiration"] == told
    assert s3.copy_object(Bucket="lake", Key="tmp/b", CopySource="lake/tmp/a")["Expiration"] == told
    assert "Expiration" not in s3.put_object(Bucket="lake", Key="kept", Body=b"x")
    upload = s3.create_multipart_upload(**place)["UploadId"]
    etag = s3.upload_part(**place, UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    assert s3.complete_multipart_upload(**place, UploadId=upload, MultipartUpload=parts)["Expiration"] == told


def test_the_header_knows_tags(s3: Any) -> None:
    configure(s3, rule(Expiration={"Days": 1}) | {"Filter": {"Tag": {"Key": "a", "Value": "1"}}})
    assert "Expiration" in s3.put_object(Bucket="lake", Key="a", Body=b"", Tagging="a=1&b=2")
    assert "Expiration" not in s3.put_object(Bucket="lake", Key="b", Body=b"", Tagging="a=2")


def test_in_a_versioned_bucket_expiration_lays_a_delete_marker(s3: Any, clock: Clock) -> None:
    version(s3)
    kept = put(s3, "a")
    configure(s3, rule(Expiration={"Days": 1}))
    clock.pass_days(2)
    sweep(s3)
    sweep(s3)
    assert history(s3) == ["marker", kept]


def test_where_versioning_is_suspended_the_marker_takes_the_place_of_the_version_null(
    s3: Any, clock: Clock
) -> None:
    version(s3)
    kept = put(s3, "a")
    version(s3, "Suspended")
    put(s3, "a")
    configure(s3, rule(Expiration={"Days": 1}))
    clock.pass_days(2)
    sweep(s3)
    assert history(s3) == ["marker", kept]
    assert s3.list_object_versions(Bucket="lake")["DeleteMarkers"][0]["VersionId"] == "null"


def test_a_version_expires_so_many_days_after_the_next_one_came(s3: Any, clock: Clock) -> None:
    version(s3)
    old = put(s3, "a")
    clock.pass_days(10)
    new = put(s3, "a")
    configure(s3, rule(NoncurrentVersionExpiration={"NoncurrentDays": 2}))
    clock.pass_days(2)
    sweep(s3)
    assert history(s3) == [new, old]
    clock.pass_days(1)
    sweep(s3)
    assert history(s3) == [new]


def test_the_newest_old_versions_can_be_kept(s3: Any, clock: Clock) -> None:
    version(s3)
    made = []
    for _ in range(5):
        made.append(put(s3, "a"))
        clock.now += 60
    configure(s3, rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 2}))
    clock.pass_days(3)
    sweep(s3)
    assert history(s3) == made[::-1][:3]


def test_a_delete_marker_with_nothing_below_it_goes(s3: Any, clock: Clock) -> None:
    version(s3)
    put(s3, "a")
    clock.now += 60
    s3.delete_object(Bucket="lake", Key="a")
    clock.now += 60
    put(s3, "kept")
    cleaning = rule(
        NoncurrentVersionExpiration={"NoncurrentDays": 1}, Expiration={"ExpiredObjectDeleteMarker": True}
    )
    configure(s3, cleaning)
    sweep(s3)
    assert len(history(s3)) == 3, "the version below the marker is too young"
    clock.pass_days(3)
    sweep(s3)
    sweep(s3)
    assert [found["Key"] for found in s3.list_object_versions(Bucket="lake")["Versions"]] == ["kept"]
    assert s3.list_object_versions(Bucket="lake")["DeleteMarkers"] == []


def test_days_count_for_delete_markers_too(s3: Any, clock: Clock) -> None:
    version(s3)
    s3.delete_object(Bucket="lake", Key="never-there")
    configure(s3, rule(Expiration={"Days": 2}))
    clock.pass_days(2)
    sweep(s3)
    assert history(s3) == ["marker"]
    clock.pass_days(1)
    sweep(s3)
    assert history(s3) == []


def test_locked_versions_stay(s3: Any, clock: Clock) -> None:
    s3.create_bucket(Bucket="vault", ObjectLockEnabledForBucket=True)
    until = datetime.fromtimestamp(clock.now, UTC) + timedelta(days=30)
    locks: list[dict[str, Any]] = [
        {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until},
        {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until},
        {"ObjectLockLegalHoldStatus": "ON"},
        {},
        {},
    ]
    for lock in locks:
        s3.put_object(Bucket="vault", Key="a", Body=b"x", **lock)
    s3.put_bucket_lifecycle_configuration(
        Bucket="vault",
        LifecycleConfiguration={"Rules": [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1})]},
    )
    clock.pass_days(3)
    s3.sweep_bucket("vault")
    assert len(s3.list_object_versions(Bucket="vault")["Versions"]) == 4
    clock.pass_days(30)
    s3.sweep_bucket("vault")
    assert len(s3.list_object_versions(Bucket="vault")["Versions"]) == 2, "the hold is on still"


def test_objects_move_to_colder_classes_and_never_back(s3: Any, clock: Clock) -> None:
    put(s3, "a", b"x" * ENOUGH)
    put(s3, "cold", b"x" * ENOUGH, StorageClass="GLACIER")
    moves = [{"Days": 30, "StorageClass": "STANDARD_IA"}, {"Days": 90, "StorageClass": "GLACIER_IR"}]
    configure(s3, rule(Transitions=moves))
    before = s3.head_object(Bucket="lake", Key="a")
    clock.pass_days(31)
    sweep(s3)
    assert classes(s3) == {"a": "STANDARD_IA", "cold": "GLACIER"}
    clock.pass_days(60)
    sweep(s3)
    assert classes(s3) == {"a": "GLACIER_IR", "cold": "GLACIER"}
    after = s3.head_object(Bucket="lake", Key="a")
    assert (after["ETag"], after["LastModified"]) == (before["ETag"], before["LastModified"])


def test_every_storage_class_has_its_place() -> None:
    assert COLDNESS.keys() == set(STORAGE_CLASSES)


def test_the_coldest_of_several_classes_counts(s3: Any, clock: Clock) -> None:
    put(s3, "a", b"x" * ENOUGH)
    warm, cold = ({"Days": 30, "StorageClass": name} for name in ("STANDARD_IA", "DEEP_ARCHIVE"))
    configure(s3, rule("1", Transitions=[cold]), rule("2", Transitions=[warm]))
    clock.pass_days(31)
    sweep(s3)
    assert classes(s3) == {"a": "DEEP_ARCHIVE"}


@pytest.mark.parametrize(
    ("minimum", "moved"),
    [
        ("all_storage_classes_128K", {"ia/a": "STANDARD", "cold/a": "STANDARD", "small/a": "GLACIER"}),
        ("varies_by_storage_class", {"ia/a": "STANDARD", "cold/a": "GLACIER", "small/a": "GLACIER"}),
    ],
)
def test_small_objects_stay_unless_told_otherwise(
    s3: Any, clock: Clock, minimum: str, moved: dict[str, str]
) -> None:
    for key in moved:
        put(s3, key, b"x" * 10)
    glacier = [{"Days": 0, "StorageClass": "GLACIER"}]
    sized = {"And": {"Prefix": "small/", "ObjectSizeGreaterThan": 5}}
    configure(
        s3,
        rule("1", "ia/", Transitions=[{"Days": 30, "StorageClass": "STANDARD_IA"}]),
        rule("2", "cold/", Transitions=glacier),
        rule("3", Transitions=glacier) | {"Filter": sized},
        TransitionDefaultMinimumObjectSize=minimum,
    )
    clock.pass_days(31)
    sweep(s3)
    assert classes(s3) == moved


def test_old_versions_move_and_then_expire(s3: Any, clock: Clock) -> None:
    version(s3)
    for _ in range(2):
        put(s3, "a", b"x" * ENOUGH)
        clock.now += 60
    moves = [{"NoncurrentDays": 5, "StorageClass": "GLACIER"}]
    configure(
        s3, rule(NoncurrentVersionTransitions=moves, NoncurrentVersionExpiration={"NoncurrentDays": 10})
    )
    clock.pass_days(7)
    sweep(s3)
    told = s3.list_object_versions(Bucket="lake")["Versions"]
    assert [found["StorageClass"] for found in told] == ["STANDARD", "GLACIER"]
    clock.pass_days(5)
    sweep(s3)
    assert len(history(s3)) == 1


def test_what_moves_and_expires_on_one_day_does_both_where_versions_are_kept(s3: Any, clock: Clock) -> None:
    version(s3)
    put(s3, "a", b"x" * ENOUGH)
    configure(
        s3,
        rule("1", Transitions=[{"Days": 0, "StorageClass": "GLACIER"}]),
        rule("2", Expiration={"Days": 1}),
    )
    clock.pass_days(3)
    sweep(s3)
    told = s3.list_object_versions(Bucket="lake")
    assert [found["StorageClass"] for found in told["Versions"]] == ["GLACIER"]
    assert len(told["DeleteMarkers"]) == 1


def test_uploads_that_were_never_completed_are_given_up(s3: Any, clock: Clock, still: House) -> None:
    configure(s3, rule("ends", "a", AbortIncompleteMultipartUpload={"DaysAfterInitiation": 2}))
    made = {key: s3.create_multipart_upload(Bucket="lake", Key=key) for key in ("a1", "b1")}
    upload = made["a1"]["UploadId"]
    s3.upload_part(Bucket="lake", Key="a1", UploadId=upload, PartNumber=1, Body=b"x")
    end = datetime(2030, 1, 18, tzinfo=UTC)
    assert (made["a1"]["AbortDate"], made["a1"]["AbortRuleId"]) == (end, "ends")
    assert s3.list_parts(Bucket="lake", Key="a1", UploadId=upload)["AbortRuleId"] == "ends"
    assert "AbortDate" not in made["b1"]
    clock.pass_days(3)
    sweep(s3)
    assert [found["Key"] for found in s3.list_multipart_uploads(Bucket="lake")["Uploads"]] == ["b1"]
    assert still.store.objects.blobs() == set()


def test_the_bytes_go_with_the_object(s3: Any, clock: Clock, still: House) -> None:
    put(s3, "a/b.csv")
    path = s3.files(Bucket="lake")[0].path
    configure(s3, rule(Expiration={"Days": 1}))
    clock.pass_days(3)
    sweep(s3)
    still.store.leftovers.close()  # they go behind the answer
    assert not path.exists()
    assert not (still.config.data_dir / "s3/lake/a/b.csv").exists()


def test_more_keys_than_a_page_or_a_change_holds(s3: Any, clock: Clock) -> None:
    with s3.store.deferring():
        for number in range(1050):
            put(s3, f"{number:04}", Tagging="go=1" if number % 2 else "")
    configure(s3, rule(Expiration={"Days": 1}) | {"Filter": {"Tag": {"Key": "go", "Value": "1"}}})
    clock.pass_days(3)
    sweep(s3)
    assert len(keys(s3)) == 525


# The job


@pytest.fixture
def at_work(s3: Any, still: House) -> Any:
    still.jobs.start()
    return s3


def wait_for_sweep(still: House, job: str) -> None:
    """Until the sweep has promised the next one."""
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while (still.store.records.get(*PROMISE) or {}).get("job") == job:
        assert datetime.now(UTC) < deadline
        with still.jobs.changed:
            still.jobs.changed.wait(0.05)


def promised(still: House) -> dict[str, Any]:
    found = still.store.records.get(*PROMISE)
    assert found
    return found


def test_the_sweep_comes_at_midnight_and_again_at_the_next(at_work: Any, still: House, clock: Clock) -> None:
    put(at_work, "a")
    configure(at_work, rule(Expiration={"Days": 1}))
    first = promised(still)
    assert first["due"] == datetime(2030, 1, 16, tzinfo=UTC).timestamp()
    clock.now = datetime(2030, 1, 17, 0, 0, 5, tzinfo=UTC).timestamp()
    wait_for_sweep(still, first["job"])
    assert keys(at_work) == []
    assert promised(still)["due"] == datetime(2030, 1, 18, tzinfo=UTC).timestamp()


def test_sweeps_end_with_the_last_rule(at_work: Any, still: House, clock: Clock) -> None:
    configure(at_work, rule(Expiration={"Days": 1}))
    at_work.delete_bucket_lifecycle(Bucket="lake")
    job = promised(still)["job"]
    clock.pass_days(1)
    wait_for_sweep(still, job)
    assert still.store.records.get(*PROMISE) is None


def test_one_promise_is_enough_for_all_buckets(s3: Any, still: House) -> None:
    s3.create_bucket(Bucket="pond")
    configure(s3, rule(Expiration={"Days": 1}))
    job = promised(still)["job"]
    s3.put_bucket_lifecycle_configuration(
        Bucket="pond", LifecycleConfiguration={"Rules": [rule(Expiration={"Days": 1})]}
    )
    assert promised(still)["job"] == job


def test_a_sweep_that_a_crash_cut_short_is_made_at_the_next_start(tmp_path: Path, clock: Clock) -> None:
    config = Config(data_dir=tmp_path / "crashed")
    first = House(config, clock)
    iam.bootstrap(first)
    account = iam.account(first)
    caller = Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account)
    s3 = first.service("s3", caller)
    s3.create_bucket(Bucket="lake")
    put(s3, "a")
    configure(s3, rule(Expiration={"Days": 1}))
    clock.pass_days(3)
    (entry,) = first.store.queue.claim(clock.now)  # taken up, and then the machine went down
    first.store.close()
    second = House(replace(config), clock)
    second.jobs.start()
    wait_for_sweep(second, entry.id)
    assert keys(second.service("s3", caller)) == []
    second.close()


def test_days_can_be_made_short_for_tests(tmp_path: Path, clock: Clock) -> None:
    made = House(Config(data_dir=tmp_path / "hurried", s3_day=2.0), clock)
    iam.bootstrap(made)
    account = iam.account(made)
    s3 = made.service("s3", Caller(account, "us-east-1", f"arn:aws:iam::{account}:root", account))
    s3.create_bucket(Bucket="lake")
    configure(s3, rule(Expiration={"Days": 3}))
    told = s3.put_object(Bucket="lake", Key="a", Body=b"x")["Expiration"]
    assert re.search("19 Jan 2030", told), "headers tell real days"
    assert promised(made)["due"] == clock.now + 0.5
    clock.now += 5
    sweep(s3)
    assert keys(s3) == ["a"]
    clock.now += 1
    sweep(s3)
    assert keys(s3) == []
    made.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """A server whose days last a second."""
    monkeypatch.setenv("CUMULET_S3_DAY_SECONDS", "1")
    return request.getfixturevalue("own_server")


def test_a_sweep_goes_on_behind_a_kill(hurried: Any) -> None:
    s3 = hurried.client("s3")
    s3.create_bucket(Bucket="lake")
    for number in range(200):
        put(s3, f"{number:03}")
    configure(s3, rule(Expiration={"Days": 1}))
    until(lambda: len(keys(s3)) < 200)
    hurried.kill()
    hurried.start()
    until(lambda: keys(s3) == [])
    hurried.child.stop()
    house = House(Config(data_dir=hurried.data_dir))
    assert house.store.checkup.wait(60)
    house.close()
    files = [*hurried.data_dir.glob("s3/.objects/*/*"), *hurried.data_dir.glob("s3/lake/*")]
    assert [path.name for path in files] == []


def until(reached: Callable[[], bool]) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while not reached():
        assert datetime.now(UTC) < deadline


# The configuration


def test_rules_come_back_as_they_were_put(s3: Any) -> None:
    rules = [
        rule("1", "a/", Expiration={"Days": 31}),
        {"ID": "2", "Prefix": "b/", "Status": "Disabled", "Expiration": {"ExpiredObjectDeleteMarker": True}},
    ]
    configure(s3, *rules)
    told = s3.get_bucket_lifecycle_configuration(Bucket="lake")
    assert told == {"Rules": rules, "TransitionDefaultMinimumObjectSize": "all_storage_classes_128K"}


def test_a_rule_without_a_name_gets_one(s3: Any) -> None:
    configure(s3, {"Prefix": "", "Status": "Enabled", "Expiration": {"Days": 1}})
    (told,) = s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"]
    assert told["ID"]


def test_the_older_operations_speak_of_the_same_rules(s3: Any) -> None:
    old = {
        "ID": "1",
        "Prefix": "a/",
        "Status": "Enabled",
        "Transition": {"Days": 30, "StorageClass": "STANDARD_IA"},
    }
    s3.put_bucket_lifecycle(Bucket="lake", LifecycleConfiguration={"Rules": [old]})
    (new,) = s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"]
    assert new["Transitions"] == [old["Transition"]]
    assert s3.get_bucket_lifecycle(Bucket="lake")["Rules"] == [old]


def test_without_rules_there_is_none_to_get(s3: Any) -> None:
    configure(s3, rule(Expiration={"Days": 1}))
    assert s3.delete_bucket_lifecycle(Bucket="lake").status == 204
    assert s3.delete_bucket_lifecycle(Bucket="lake").status == 204
    with pytest.raises(AwsError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="lake")


def moves(*told: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"Days": days, "StorageClass": name} for days, name in told]


TAG = {"Key": "k", "Value": "v"}
MIDNIGHT, NOON = datetime(2031, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("MalformedXML", []),
        ("InvalidArgument", [rule("x" * 256, Expiration={"Days": 1})]),
        ("InvalidArgument", [rule(Expiration={"Days": 1}), rule(Expiration={"Days": 2})]),
        ("MalformedXML", [rule(Expiration={"Days": 1}) | {"Status": "enabled"}]),
        ("MalformedXML", [rule(Expiration={"Days": 1}) | {"Prefix": ""}]),
        ("MalformedXML", [{"Status": "Enabled", "Expiration": {"Days": 1}}]),
        ("InvalidRequest", [rule()]),
        ("InvalidArgument", [rule(Expiration={"Days": 0})]),
        ("InvalidArgument", [rule(Expiration={"Date": NOON})]),
        ("MalformedXML", [rule(Expiration={"Date": MIDNIGHT, "Days": 1})]),
        ("MalformedXML", [rule(Expiration={"ExpiredObjectDeleteMarker": True, "Days": 1})]),
        ("MalformedXML", [rule(Expiration={})]),
        ("MalformedXML", [rule(Expiration={"Days": 1}) | {"Filter": {"Prefix": "", "Tag": TAG}}]),
        ("MalformedXML", [rule(Expiration={"Days": 1}) | {"Filter": {"And": {"Prefix": "a"}}}]),
        ("InvalidRequest", [rule(Expiration={"Days": 1}) | {"Filter": {"And": {"Tags": [TAG, TAG]}}}]),
        (
            "InvalidRequest",
            [rule(Expiration={"ExpiredObjectDeleteMarker": True}) | {"Filter": {"Tag": TAG}}],
        ),
        (
            "InvalidRequest",
            [
                rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 1})
                | {"Filter": {"ObjectSizeGreaterThan": 1}}
            ],
        ),
        (
            "InvalidRequest",
            [
                rule(Expiration={"Days": 1})
                | {"Filter": {"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 9}}}
            ],
        ),
        ("InvalidArgument", [rule(AbortIncompleteMultipartUpload={"DaysAfterInitiation": 0})]),
        ("InvalidArgument", [rule(NoncurrentVersionExpiration={"NoncurrentDays": 0})]),
        (
            "InvalidArgument",
            [rule(NoncurrentVersionExpiration={"NoncurrentDays": 1, "NewerNoncurrentVersions": 101})],
        ),
        ("InvalidArgument", [rule(Transitions=moves((29, "STANDARD_IA")))]),
        ("MalformedXML", [rule(Transitions=moves((30, "STANDARD")))]),
        ("MalformedXML", [rule(Transitions=[{"StorageClass": "GLACIER"}])]),
        ("InvalidArgument", [rule(Transitions=moves((30, "GLACIER"), (40, "GLACIER")))]),
        ("InvalidArgument", [rule(Transitions=moves((30, "STANDARD_IA"), (40, "GLACIER")))]),
        ("InvalidArgument", [rule(Transitions=moves((90, "GLACIER_IR"), (60, "DEEP_ARCHIVE")))]),
        ("InvalidArgument", [rule(Transitions=moves((30, "GLACIER")), Expiration={"Days": 30})]),
        ("InvalidRequest", [rule(Transitions=moves((30, "GLACIER")), Expiration={"Date": MIDNIGHT})]),
    ],
)
def test_rules_that_aws_refuses_are_refused(s3: Any, code: str, rules: list[dict[str, Any]]) -> None:
    with pytest.raises(AwsError) as caught:
        configure(s3, *rules)
    assert caught.value.code == code, caught.value.message
    with pytest.raises(AwsError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket="lake")


@pytest.mark.parametrize(
    "given",
    [
        rule(Transitions=moves((30, "STANDARD_IA"), (60, "GLACIER"), (150, "DEEP_ARCHIVE"))),
        rule(Transitions=[{"Date": MIDNIGHT, "StorageClass": "GLACIER"}]),
        rule(Transitions=moves((0, "GLACIER_IR")), Expiration={"Days": 1}),
        rule(Expiration={"ExpiredObjectDeleteMarker": True}) | {"Filter": {}},
        rule(Expiration={"Days": 1}) | {"Filter": {"ObjectSizeGreaterThan": 0}},
    ],
)
def test_rules_that_aws_takes_are_taken(s3: Any, given: dict[str, Any]) -> None:
    configure(s3, given)
    (told,) = s3.get_bucket_lifecycle_configuration(Bucket="lake")["Rules"]
    assert told["ID"] == given["ID"]
