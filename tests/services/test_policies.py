"""Policies, evaluated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cumulet.services import conditions, policies
from cumulet.services.policies import Principal, decide, parse
from cumulet.services.principals import ANYBODY, canonical_id

ACCOUNT, OTHER = "111122223333", "444455556666"
ROOT = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
USER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/team/ann")
SESSION = Principal(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/me")
STRANGER = Principal(OTHER, f"arn:aws:iam::{OTHER}:user/bob")
GLUE = Principal(service="glue.amazonaws.com")


def policy(*statements: dict[str, Any], kind: policies.Kind = "identity") -> policies.Policy:
    return parse(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}), kind)


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def bucket_policy(principal: Any, **more: Any) -> policies.Policy:
    return policy(allow(Principal=principal, **more), kind="resource")


def said(document: policies.Policy, action: str = "s3:GetObject", resource: str = "arn:aws:s3:::b/k") -> str:
    return decide([document], action, resource).effect


class TestStatements:
    @pytest.mark.parametrize(
        ("pattern", "action", "allowed"),
        [
            ("s3:GetObject", "s3:getobject", True),
            ("s3:Get*", "s3:GetObjectAcl", True),
            ("s3:Get?bject", "s3:GetObject", True),
            ("s3:GetObject", "s3:GetObjectAcl", False),
            ("*", "glue:GetTable", True),
            ("s3:*", "s3-object-lambda:Get", False),
        ],
    )
    def test_actions_match_by_wildcards_and_in_any_case(
        self, pattern: str, action: str, allowed: bool
    ) -> None:
        assert (said(policy(allow(pattern)), action) == "allowed") == allowed

    @pytest.mark.parametrize(
        ("pattern", "resource", "allowed"),
        [
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/y", True),
            ("arn:aws:s3:::b/*", "arn:aws:s3:::b", False),
            ("arn:aws:s3:::B/*", "arn:aws:s3:::b/x", False),
            ("arn:aws:s3:::b/[a]*", "arn:aws:s3:::b/a", False),
        ],
    )
    def test_resources_match_by_wildcards_in_their_own_case(
        self, pattern: str, resource: str, allowed: bool
    ) -> None:
        assert (said(policy(allow(resource=pattern)), resource=resource) == "allowed") == allowed

    def test_the_not_forms_name_everything_else(self) -> None:
        document = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"})
        assert said(document) == "allowed"
        assert said(document, "iam:GetRole") == "implicitDeny"
        assert said(document, resource="arn:aws:s3:::secret/k") == "implicitDeny"

    def test_a_deny_wins_over_any_number_of_allows(self) -> None:
        deny = {**allow("s3:*", "arn:aws:s3:::b/*"), "Effect": "Deny"}
        found = decide([policy(allow()), policy(allow(), deny)], "s3:GetObject", "arn:aws:s3:::b/k")
        assert found.denied
        assert [statement.effect for _, statement in found.matched] == ["Deny"]

    def test_variables_are_filled_from_the_request(self) -> None:
        document = policy(allow(resource="arn:aws:s3:::b/${aws:username}/*"))
        asked = (document,), "s3:GetObject", "arn:aws:s3:::b/ann/k"
        assert decide(*asked, USER, {"aws:username": "ann"}).allowed
        assert not decide(*asked, USER, {"aws:username": "bob"}).allowed
        assert not decide(*asked, USER).allowed

    def test_what_a_variable_brings_is_no_wildcard(self) -> None:
        document = policy(allow(resource="arn:aws:s3:::b/${*}"))
        assert said(document, resource="arn:aws:s3:::b/k") == "implicitDeny"
        assert said(document, resource="arn:aws:s3:::b/*") == "allowed"
        tagged = policy(allow(resource="arn:aws:s3:::${aws:RequestTag/b}/k"))
        given = {"aws:RequestTag/b": "*"}
        assert not decide([tagged], "s3:GetObject", "arn:aws:s3:::b/k", USER, given).allowed
        equal = policy(allow(Condition={"StringEquals": {"a:x": "${aws:RequestTag/b}"}}))
        assert decide([equal], "s3:GetObject", "*", USER, {**given, "a:x": "*"}).allowed


class TestPrincipals:
    @pytest.mark.parametrize(
        ("element", "named"),
        [
            ("*", [ANYBODY, USER, SESSION, STRANGER, GLUE]),
            ({"AWS": "*"}, [ANYBODY, USER, SESSION, STRANGER, GLUE]),
            ({"AWS": ACCOUNT}, [USER, SESSION, ROOT]),
            ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, [USER, SESSION, ROOT]),
            ({"AWS": USER.arn}, [USER]),
            ({"AWS": [USER.arn, STRANGER.arn]}, [USER, STRANGER]),
            ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/any/path/reader"}, [SESSION]),
            ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/writer"}, []),
            ({"AWS": SESSION.arn}, [SESSION]),
            ({"Service": "glue.amazonaws.com"}, [GLUE]),
            ({"Service": "lambda.amazonaws.com"}, []),
            ({"CanonicalUser": canonical_id(OTHER)}, [STRANGER]),
        ],
    )
    def test_who_is_named(self, element: Any, named: list[Principal]) -> None:
        document = bucket_policy(element)
        found = [
            who
            for who in (ANYBODY, USER, SESSION, ROOT, STRANGER, GLUE)
            if decide([document], "s3:GetObject", "arn:aws:s3:::b/k", who).allowed
        ]
        assert {*named} <= {*found}
        assert element in ("*", {"AWS": "*"}) or {*named} == {*found}

    def test_all_but_those_named_are_denied(self) -> None:
        deny = {"Effect": "Deny", "NotPrincipal": {"AWS": USER.arn}, "Action": "s3:*", "Resource": "*"}
        document = policy(deny, kind="resource")
        assert decide([document], "s3:GetObject", "*", STRANGER).denied
        assert not decide([document], "s3:GetObject", "*", USER).denied

    def test_across_accounts_both_sides_must_allow(self) -> None:
        yes, no, never = (policies.Decision(effect) for effect in ("allowed", "implicitDeny", "explicitDeny"))
        assert policies.permitted(True, no, yes)
        assert policies.permitted(True, yes, no)
        assert not policies.permitted(False, no, yes)
        assert policies.permitted(False, yes, yes)
        assert not policies.permitted(True, yes, never)


class TestConditions:
    @pytest.mark.parametrize(
        ("operator", "wanted", "value", "holds"),
        [
            ("StringEquals", "a", "a", True),
            ("StringEquals", "a", "A", False),
            ("StringEqualsIgnoreCase", "a", "A", True),
            ("StringLike", "logs/*", "logs/2024", True),
            ("StringNotLike", "logs/*", "logs/2024", False),
            ("NumericLessThanEquals", "10", "10", True),
            ("NumericGreaterThan", "10", "ten", False),
            ("DateGreaterThan", "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z", True),
            ("DateLessThan", "2024-01-01T00:00:00Z", "1717200000", False),
            ("Bool", "true", "true", True),
            ("Bool", "false", "true", False),
            ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
            ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
            ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
            ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
            ("ArnLike", "arn:aws:sns:*:*:topic-*", "arn:aws:sns:eu-west-1:1:topic-a", True),
            ("ArnEquals", "arn:aws:sns:*:1:a", "arn:aws:sns:eu-west-1:1:a", True),
            ("ArnLike", "arn:aws:*:a", "arn:aws:sns:eu-west-1:1:a", False),
        ],
    )
    def test_operators(self, operator: str, wanted: str, value: str, holds: bool) -> None:
        assert conditions.holds(operator, [wanted], [value]) is holds

    def test_a_key_that_is_not_there_fails_all_but_the_lenient(self) -> None:
        assert not conditions.holds("StringEquals", ["a"], None)
        assert conditions.holds("StringNotEquals", ["a"], None)
        assert conditions.holds("StringEqualsIfExists", ["a"], None)
        assert conditions.holds("ForAllValues:StringEquals", ["a"], None)
        assert not conditions.holds("ForAnyValue:StringEquals", ["a"], None)
        assert conditions.holds("Null", ["true"], None)
        assert not conditions.holds("Null", ["true"], ["a"])

    def test_many_values_are_all_or_any(self) -> None:
        assert conditions.holds("ForAllValues:StringLike", ["a*", "b"], ["a1", "b"])
        assert not conditions.holds("ForAllValues:StringLike", ["a*"], ["a1", "b"])
        assert conditions.holds("ForAnyValue:StringLike", ["a*"], ["a1", "b"])
        assert not conditions.holds("StringNotEquals", ["a", "b"], ["b"])

    def test_every_line_must_hold(self) -> None:
        condition = {"StringEquals": {"a:x": ["1", "2"], "a:y": "1"}, "Bool": {"a:z": True}}
        document = policy(allow(Condition=condition))
        given = {"A:X": "2", "a:y": "1", "a:z": "true"}
        assert decide([document], "s3:GetObject", "*", USER, given).allowed
        found = decide([document], "s3:GetObject", "*", USER, {"a:x": "2"})
        assert (found.effect, found.missing) == ("implicitDeny", {"a:y", "a:z"})


class TestDocuments:
    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            ({}, "identity"),
            ({**allow(), "Effect": "allow"}, "identity"),
            ({**allow(), "Actions": []}, "identity"),
            ({**allow(), "NotAction": "s3:*"}, "identity"),
            (allow("GetObject"), "identity"),
            (allow("s3:Get Object"), "identity"),
            (allow(5), "identity"),
            (allow(resource="bucket"), "identity"),
            (allow(resource=[]), "identity"),
            (allow(Principal="*"), "identity"),
            (allow(Condition={"StringIs": {"a": "b"}}), "identity"),
            (allow(Condition={"StringEquals": "b"}), "identity"),
            (allow(), "resource"),
            (allow(Principal={"AWS": "ann"}), "resource"),
            (allow(Principal={"Robots": "*"}), "resource"),
            (allow(Principal="*"), "trust"),
        ],
    )
    def test_what_is_no_statement_is_refused(self, statement: dict[str, Any], kind: policies.Kind) -> None:
        with pytest.raises(policies.Malformed):
            policy(statement, kind=kind)

    @pytest.mark.parametrize(
        "text",
        ["", "{", "[]", "null", '"a"', "{}", '{"Version": "2020-01-01", "Statement": []}', "[" * 100_000],
    )
    def test_what_is_no_document_is_refused(self, text: str) -> None:
        with pytest.raises(policies.Malformed):
            parse(text)

    def test_a_statement_alone_needs_no_list(self) -> None:
        text = json.dumps({"Version": "2012-10-17", "Statement": allow()})
        document = parse(text)
        (statement,) = document.statements
        assert json.loads(text[statement.start : statement.end]) == allow()

    def test_names_of_statements_are_unique(self) -> None:
        with pytest.raises(policies.Malformed):
            policy(allow(Sid="a"), allow(Sid="a"))
