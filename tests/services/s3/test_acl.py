from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from .asking import refused

ALL_USERS = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY = "http://acs.amazonaws.com/groups/s3/LogDelivery"
Grants = list[tuple[str, str]]


def grants(answer: dict[str, Any]) -> Grants:
    told = [(one["Permission"], one["Grantee"]) for one in answer["Grants"]]
    return [(permission, grantee.get("ID") or grantee["URI"]) for permission, grantee in told]


def of_object(s3: Any, bucket: str, key: str = "a", **more: Any) -> Grants:
    return grants(s3.get_object_acl(Bucket=bucket, Key=key, **more))


@pytest.fixture
def me(s3: Any) -> str:
    found: str = s3.list_buckets()["Owner"]["ID"]
    return found


@pytest.fixture
def them(neighbour: dict[str, str]) -> str:
    return neighbour["CanonicalUserId"]


@pytest.mark.parametrize(
    ("acl", "more"),
    [
        ("private", []),
        ("public-read", [("READ", ALL_USERS)]),
        ("public-read-write", [("READ", ALL_USERS), ("WRITE", ALL_USERS)]),
        ("authenticated-read", [("READ", AUTHENTICATED)]),
    ],
)
def test_a_canned_acl_stands_for_its_grants(
    s3: Any, open_bucket: str, me: str, acl: str, more: Grants
) -> None:
    wanted = [("FULL_CONTROL", me), *more]
    s3.put_object(Bucket=open_bucket, Key="a", ACL=acl)
    assert of_object(s3, open_bucket) == wanted
    s3.put_object(Bucket=open_bucket, Key="a")
    s3.put_object_acl(Bucket=open_bucket, Key="a", ACL=acl)
    assert of_object(s3, open_bucket) == wanted
    s3.put_bucket_acl(Bucket=open_bucket, ACL=acl)
    assert grants(s3.get_bucket_acl(Bucket=open_bucket)) == wanted


def test_some_canned_acls_are_for_buckets_or_for_objects_only(s3: Any, open_bucket: str, me: str) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="log-delivery-write")
    wanted = [("FULL_CONTROL", me), ("WRITE", LOG_DELIVERY), ("READ_ACP", LOG_DELIVERY)]
    assert grants(s3.get_bucket_acl(Bucket=open_bucket)) == wanted
    for acl in ("log-delivery-write", "everybody"):
        with refused("InvalidArgument", 400):
            s3.put_object(Bucket=open_bucket, Key="a", ACL=acl)
    s3.put_object(Bucket=open_bucket, Key="a", ACL="aws-exec-read")
    assert [permission for permission, _ in of_object(s3, open_bucket)] == ["FULL_CONTROL", "READ"]


@pytest.mark.parametrize(
    ("acl", "permission"), [("bucket-owner-read", "READ"), ("bucket-owner-full-control", "FULL_CONTROL")]
)
def test_a_writer_may_let_the_owner_of_the_bucket_in(
    s3: Any, theirs: Any, open_bucket: str, me: str, them: str, acl: str, permission: str
) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, GrantWrite=f"id={them}")
    theirs.put_object(Bucket=open_bucket, Key="a", Body=b"x", ACL=acl)
    assert of_object(theirs, open_bucket) == [("FULL_CONTROL", them), (permission, me)]
    assert s3.get_object(Bucket=open_bucket, Key="a")["Body"].read() == b"x"


def test_grants_come_in_headers_too(s3: Any, open_bucket: str, me: str, them: str) -> None:
    read = f'id="{them}", uri="{AUTHENTICATED}"'
    s3.put_object(Bucket=open_bucket, Key="a", GrantFullControl=f"id={me}", GrantRead=read)
    assert of_object(s3, open_bucket) == [("FULL_CONTROL", me), ("READ", them), ("READ", AUTHENTICATED)]
    s3.put_object_acl(Bucket=open_bucket, Key="a", GrantReadACP=f"id={them}", GrantWriteACP=f"id={me}")
    assert of_object(s3, open_bucket) == [("READ_ACP", them), ("WRITE_ACP", me)]


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        ("id=_foo", "InvalidArgument"),
        (f"id={'0' * 64}", "InvalidArgument"),
        ("uri=http://acs.amazonaws.com/groups/global/Nobody", "InvalidArgument"),
        ('emailAddress="a@example.com"', "UnresolvableGrantByEmailAddress"),
        ("name=x", "InvalidArgument"),
    ],
)
def test_a_grantee_that_nobody_is_is_refused(s3: Any, open_bucket: str, grant: str, code: str) -> None:
    with refused(code, 400):
        s3.put_object(Bucket=open_bucket, Key="a", GrantRead=grant)
    with refused(code, 400):
        s3.put_bucket_acl(Bucket=open_bucket, GrantRead=grant)


def test_an_acl_is_told_in_one_way_at_a_time(s3: Any, open_bucket: str, me: str) -> None:
    s3.put_object(Bucket=open_bucket, Key="a")
    document = {"Owner": {"ID": me}, "Grants": []}
    with refused("InvalidRequest", 400):
        s3.put_object(Bucket=open_bucket, Key="a", ACL="private", GrantRead=f"id={me}")
    with refused("UnexpectedContent", 400):
        s3.put_object_acl(Bucket=open_bucket, Key="a", ACL="private", AccessControlPolicy=document)
    with refused("MissingSecurityHeader", 400):
        s3.put_object_acl(Bucket=open_bucket, Key="a")


def test_an_acl_as_a_document(s3: Any, open_bucket: str, me: str, them: str) -> None:
    def put(*told: dict[str, Any], owner: str = me) -> None:
        policy = {"Owner": {"ID": owner}, "Grants": list(told)}
        s3.put_bucket_acl(Bucket=open_bucket, AccessControlPolicy=policy)

    def grant(permission: str, **grantee: str) -> dict[str, Any]:
        return {"Grantee": grantee, "Permission": permission}

    put(
        grant("READ", Type="Group", URI=ALL_USERS),
        grant("WRITE_ACP", Type="CanonicalUser", ID=them),
    )
    assert grants(s3.get_bucket_acl(Bucket=open_bucket)) == [("READ", ALL_USERS), ("WRITE_ACP", them)]
    put()  # the owner of a bucket is not locked out by its ACL
    assert grants(s3.get_bucket_acl(Bucket=open_bucket)) == []
    user = grant("READ", Type="CanonicalUser", ID=them)
    for code, attempt in [
        ("MalformedACLError", lambda: put(grant("LOOK", Type="CanonicalUser", ID=them))),
        ("MalformedACLError", lambda: put(grant("READ", Type="Everybody", ID=them))),
        ("MalformedACLError", lambda: put(grant("READ", Type="CanonicalUser"))),
        ("MalformedACLError", lambda: put(*[user] * 101)),
        ("InvalidArgument", lambda: put(grant("READ", Type="CanonicalUser", ID="_foo"))),
        (
            "UnresolvableGrantByEmailAddress",
            lambda: put(grant("READ", Type="AmazonCustomerByEmail", EmailAddress="a@example.com")),
        ),
        ("AccessDenied", lambda: put(user, owner=them)),
    ]:
        with refused(code):
            attempt()
    with refused("MalformedACLError", 400):
        s3.put_bucket_acl(Bucket=open_bucket, AccessControlPolicy={"Grants": [user]})


def test_each_permission_on_a_bucket_lets_do_its_own(
    s3: Any, theirs: Any, open_bucket: str, me: str, them: str
) -> None:
    s3.put_object(Bucket=open_bucket, Key="a")
    attempts: dict[str, list[Callable[[], Any]]] = {
        "Read": [
            lambda: theirs.head_bucket(Bucket=open_bucket),
            lambda: theirs.list_objects_v2(Bucket=open_bucket),
            lambda: theirs.list_object_versions(Bucket=open_bucket),
            lambda: theirs.list_multipart_uploads(Bucket=open_bucket),
        ],
        "Write": [lambda: theirs.put_object(Bucket=open_bucket, Key="b")],
        "ReadACP": [lambda: theirs.get_bucket_acl(Bucket=open_bucket)],
        "WriteACP": [lambda: theirs.put_bucket_acl(Bucket=open_bucket, GrantWriteACP=f"id={them}")],
    }
    never = [
        lambda: theirs.get_object(Bucket=open_bucket, Key="a"),
        lambda: theirs.delete_object(Bucket=open_bucket, Key="a"),
        lambda: theirs.get_bucket_versioning(Bucket=open_bucket),
        lambda: theirs.delete_bucket(Bucket=open_bucket),
    ]
    for granted in (*attempts, "FullControl"):
        s3.put_bucket_acl(Bucket=open_bucket, **{f"Grant{granted}": f"id={them}"})
        for permission, calls in attempts.items():
            for call in calls:
                if granted in (permission, "FullControl"):
                    call()
                    continue
                with refused_silently():
                    call()
        for call in never:
            with refused("AccessDenied", 403):
                call()


def test_each_permission_on_an_object_lets_do_its_own(
    s3: Any, theirs: Any, open_bucket: str, them: str
) -> None:
    attempts: dict[str, Callable[[], Any]] = {
        "Read": lambda: theirs.get_object(Bucket=open_bucket, Key="a"),
        "ReadACP": lambda: theirs.get_object_acl(Bucket=open_bucket, Key="a"),
        "WriteACP": lambda: theirs.put_object_acl(Bucket=open_bucket, Key="a", GrantWriteACP=f"id={them}"),
    }
    for granted in (*attempts, "FullControl"):
        s3.put_object(Bucket=open_bucket, Key="a", **{f"Grant{granted}": f"id={them}"})
        for permission, call in attempts.items():
            if granted in (permission, "FullControl"):
                call()
                continue
            with refused("AccessDenied", 403):
                call()
        with refused("AccessDenied", 403):
            theirs.put_object(Bucket=open_bucket, Key="a")
        with refused("AccessDenied", 403):
            theirs.get_object_tagging(Bucket=open_bucket, Key="a")


def refused_silently() -> Any:
    """HEAD has no body to tell a code in."""
    return pytest.raises(Exception, match=re.compile("AccessDenied|403"))


def test_groups_are_everybody_and_everybody_with_an_account(
    s3: Any, theirs: Any, nobody: Any, open_bucket: str
) -> None:
    s3.put_object(Bucket=open_bucket, Key="all", Body=b"x", ACL="public-read")
    s3.put_object(Bucket=open_bucket, Key="members", Body=b"x", ACL="authenticated-read")
    s3.put_object(Bucket=open_bucket, Key="mine", Body=b"x")
    assert nobody.get_object(Bucket=open_bucket, Key="all")["Body"].read() == b"x"
    assert theirs.get_object(Bucket=open_bucket, Key="all")["Body"].read() == b"x"
    assert theirs.get_object(Bucket=open_bucket, Key="members")["Body"].read() == b"x"
    for who, key in ((nobody, "members"), (nobody, "mine"), (theirs, "mine")):
        with refused("AccessDenied", 403):
            who.get_object(Bucket=open_bucket, Key=key)


def test_what_nobody_in_particular_has_written_is_nobodys_in_particular(
    s3: Any, theirs: Any, nobody: Any, open_bucket: str
) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    nobody.put_object(Bucket=open_bucket, Key="a", Body=b"x")
    (listed,) = theirs.list_objects(Bucket=open_bucket)["Contents"]
    assert listed["Owner"]["ID"] == "65a011a29cdf8ec533ec3d1ccaae921c"
    assert nobody.get_object(Bucket=open_bucket, Key="a")["Body"].read() == b"x"
    for who in (s3, theirs):
        with refused("AccessDenied", 403):
            who.get_object(Bucket=open_bucket, Key="a")
    s3.delete_object(Bucket=open_bucket, Key="a")


def test_who_may_write_may_delete_only_what_is_theirs(s3: Any, theirs: Any, open_bucket: str) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    s3.put_object(Bucket=open_bucket, Key="mine")
    theirs.put_object(Bucket=open_bucket, Key="theirs")
    with refused("AccessDenied", 403):
        theirs.delete_object(Bucket=open_bucket, Key="mine")
    theirs.delete_object(Bucket=open_bucket, Key="theirs")


def test_the_public_access_block_refuses_and_ignores_public_acls(
    s3: Any, theirs: Any, open_bucket: str, me: str
) -> None:
    def block(**settings: bool) -> None:
        s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration=settings)

    s3.put_object(Bucket=open_bucket, Key="a", ACL="public-read")
    s3.put_bucket_acl(Bucket=open_bucket, ACL="authenticated-read")
    block(BlockPublicAcls=True)
    for attempt in (
        lambda: s3.put_object(Bucket=open_bucket, Key="b", ACL="public-read"),
        lambda: s3.put_object(Bucket=open_bucket, Key="b", GrantRead=f"uri={AUTHENTICATED}"),
        lambda: s3.copy_object(Bucket=open_bucket, Key="b", CopySource=f"{open_bucket}/a", ACL="public-read"),
        lambda: s3.create_multipart_upload(Bucket=open_bucket, Key="b", ACL="public-read"),
        lambda: s3.put_object_acl(Bucket=open_bucket, Key="a", ACL="authenticated-read"),
        lambda: s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read"),
    ):
        with refused("AccessDenied", 403):
            attempt()
    theirs.get_object(Bucket=open_bucket, Key="a")
    block(IgnorePublicAcls=True)
    for call in (theirs.list_objects, theirs.get_object):
        with refused("AccessDenied", 403):
            call(**{"Bucket": open_bucket, **({"Key": "a"} if call == theirs.get_object else {})})
    assert of_object(s3, open_bucket) == [("FULL_CONTROL", me)]  # as it is obeyed, not as it was put
    s3.put_object(Bucket=open_bucket, Key="b", ACL="public-read")
    s3.delete_public_access_block(Bucket=open_bucket)
    theirs.get_object(Bucket=open_bucket, Key="b")


def test_each_version_has_an_acl_of_its_own_and_a_copy_begins_anew(
    s3: Any, theirs: Any, open_bucket: str, me: str
) -> None:
    s3.put_bucket_versioning(Bucket=open_bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=open_bucket, Key="a", Body=b"1", ACL="public-read")["VersionId"]
    new = s3.put_object(Bucket=open_bucket, Key="a", Body=b"2")["VersionId"]
    assert theirs.get_object(Bucket=open_bucket, Key="a", VersionId=old)["Body"].read() == b"1"
    with refused("AccessDenied", 403):
        theirs.get_object(Bucket=open_bucket, Key="a")
    s3.put_object_acl(Bucket=open_bucket, Key="a", VersionId=new, ACL="public-read")
    s3.put_object_acl(Bucket=open_bucket, Key="a", VersionId=old, ACL="private")
    assert theirs.get_object(Bucket=open_bucket, Key="a")["Body"].read() == b"2"
    assert of_object(s3, open_bucket, VersionId=old) == [("FULL_CONTROL", me)]
    s3.copy_object(Bucket=open_bucket, Key="b", CopySource=f"{open_bucket}/a")
    assert of_object(s3, open_bucket, "b") == [("FULL_CONTROL", me)]


def test_who_may_list_is_told_what_is_missing(s3: Any, theirs: Any, nobody: Any, open_bucket: str) -> None:
    with refused("AccessDenied", 403):
        nobody.get_object(Bucket=open_bucket, Key="none")
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    for who in (nobody, theirs):
        with refused("NoSuchKey", 404):
            who.get_object(Bucket=open_bucket, Key="none")


def test_acls_survive_a_restart(own_server: Any) -> None:
    s3 = own_server.client("s3")
    s3.create_bucket(Bucket="lasting", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="lasting")
    s3.put_object(Bucket="lasting", Key="a", ACL="public-read")
    before = of_object(s3, "lasting")
    own_server.restart()
    assert of_object(own_server.client("s3"), "lasting") == before
