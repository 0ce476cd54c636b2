"""What IAM answers when it will not, in its own words."""

from __future__ import annotations

from cumulet.wire.errors import AwsError

NAMES = {
    "iam.role": "role",
    "iam.user": "user",
    "iam.group": "group",
    "iam.instance_profile": "Instance Profile",
    "iam.policy": "policy",
}


def missing(kind: str, name: str) -> AwsError:
    if kind == "iam.instance_profile":
        return AwsError("NoSuchEntity", f"Instance Profile {name} cannot be found.")
    if kind == "iam.policy":
        return AwsError("NoSuchEntity", f"Policy {name} was not found.")
    return AwsError("NoSuchEntity", f"The {NAMES[kind]} with name {name} cannot be found.")


def exists(kind: str, name: str) -> AwsError:
    if kind == "iam.instance_profile":
        return AwsError("EntityAlreadyExists", f"Instance Profile {name} already exists.")
    if kind == "iam.policy":
        text = f"A policy called {name} already exists. Duplicate names are not allowed."
        return AwsError("EntityAlreadyExists", text)
    return AwsError("EntityAlreadyExists", f"{NAMES[kind].capitalize()} with name {name} already exists.")


def conflict(text: str) -> AwsError:
    return AwsError("DeleteConflict", f"Cannot delete entity, must {text} first.")


def limit(text: str) -> AwsError:
    return AwsError("LimitExceeded", text)


def invalid(text: str) -> AwsError:
    return AwsError("ValidationError", text, status=400)


def invalid_input(text: str) -> AwsError:
    return AwsError("InvalidInput", text)


def malformed(text: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", text)
