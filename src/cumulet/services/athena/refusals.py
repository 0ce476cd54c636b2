"""Athena's errors in its own words."""

from __future__ import annotations

import uuid

from cumulet.wire.errors import AwsError


def invalid(message: str, code: str = "INVALID_INPUT") -> AwsError:
    return AwsError("InvalidRequestException", message, AthenaErrorCode=code)


def malformed(message: str) -> AwsError:
    """A statement that does not parse never starts."""
    return invalid(message, "MALFORMED_QUERY")


def no_execution(name: str) -> AwsError:
    return invalid(f"QueryExecution {name} was not found")


def no_work_group(name: str) -> AwsError:
    return invalid(f"WorkGroup {name} is not found.")


def no_metadata(cause: AwsError) -> AwsError:
    """The catalog's own error inside Athena's; clients look for the catalog's code in the text."""
    request = f"Error Code: {cause.code}; Request ID: {uuid.uuid4()}; Proxy: null"
    tail = f"(Service: AmazonDataCatalog; Status Code: 400; {request})"
    return AwsError("MetadataException", f"{cause.code}: {cause.message} {tail}")


def not_found(message: str, name: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message, ResourceName=name)
