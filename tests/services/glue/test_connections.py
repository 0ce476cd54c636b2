"""Connections, and how their passwords are kept from those who read them."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import Refusal

PROPERTIES = {
    "JDBC_CONNECTION_URL": "jdbc:postgresql://db.example:5432/shop",
    "USERNAME": "ann",
    "PASSWORD": "s3cret",
}
OFF = {
    "EncryptionAtRest": {"CatalogEncryptionMode": "DISABLED"},
    "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": False},
}


def given(name: str, **more: Any) -> dict[str, Any]:
    return {"Name": name, "ConnectionType": "JDBC", "ConnectionProperties": PROPERTIES, **more}


@pytest.fixture
def name(glue: Any) -> Iterator[str]:
    """The name of a connection, gone after the test."""
    made = f"connection-{uuid.uuid4().hex[:12]}"
    yield made
    glue.batch_delete_connection(ConnectionNameList=[made])


def test_a_connection_is_kept_changed_and_deleted(glue: Any, name: str, refused: Refusal) -> None:
    made = glue.create_connection(ConnectionInput=given(name, MatchCriteria=["a", "b"]))
    assert made["CreateConnectionStatus"] == "READY"
    refused("AlreadyExistsException", glue.create_connection, ConnectionInput=given(name))
    found = glue.get_connection(Name=name)["Connection"]
    assert found["ConnectionProperties"] == PROPERTIES
    assert found["MatchCriteria"] == ["a", "b"]
    glue.update_connection(Name=name, ConnectionInput=given(name, Description="new"))
    found = glue.get_connection(Name=name)["Connection"]
    assert found["Description"] == "new"
    assert "MatchCriteria" not in found
    glue.delete_connection(ConnectionName=name)
    refused("EntityNotFoundException", glue.get_connection, Name=name)
    refused("EntityNotFoundException", glue.delete_connection, ConnectionName=name)


def test_passwords_are_left_out_on_demand(glue: Any, name: str) -> None:
    glue.create_connection(ConnectionInput=given(name))
    found = glue.get_connection(Name=name, HidePassword=True)["Connection"]
    assert set(found["ConnectionProperties"]) == {"JDBC_CONNECTION_URL", "USERNAME"}


def test_connections_are_filtered_by_type_and_criteria(glue: Any, name: str) -> None:
    glue.create_connection(ConnectionInput=given(name, MatchCriteria=[name, "b"]))

    def names(**said: Any) -> list[str]:
        return [one["Name"] for one in glue.get_connections(Filter=said)["ConnectionList"]]

    assert names(MatchCriteria=[name]) == [name]
    assert names(MatchCriteria=[name, "c"]) == []
    assert name in names(ConnectionType="JDBC")
    assert name not in names(ConnectionType="KAFKA")


def test_many_are_deleted_at_once_and_those_that_are_not_there_told(glue: Any, name: str) -> None:
    glue.create_connection(ConnectionInput=given(name))
    found = glue.batch_delete_connection(ConnectionNameList=[name, "nobody"])
    assert found["Succeeded"] == [name]
    assert found["Errors"]["nobody"]["ErrorCode"] == "EntityNotFoundException"


def test_a_connection_carries_tags(glue: Any, client: Callable[..., Any], name: str) -> None:
    glue.create_connection(ConnectionInput=given(name), Tags={"team": "x"})
    account = client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:glue:us-east-1:{account}:connection/{name}"
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"team": "x"}


def test_passwords_are_encrypted_by_kms_where_the_catalog_says_so(client: Callable[..., Any]) -> None:
    glue, kms = client("glue", region_name="eu-west-3"), client("kms", region_name="eu-west-3")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    said = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": arn}
    glue.put_data_catalog_encryption_settings(
        DataCatalogEncryptionSettings={"ConnectionPasswordEncryption": said}
    )
    settings = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    assert settings == {**OFF, "ConnectionPasswordEncryption": said}
    glue.create_connection(ConnectionInput=given("sealed"))
    found = glue.get_connection(Name="sealed")["Connection"]["ConnectionProperties"]
    assert "PASSWORD" not in found
    sealed = base64.b64decode(found["ENCRYPTED_PASSWORD"])
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"s3cret"


def test_settings_that_cannot_be_kept_are_refused(glue: Any, refused: Refusal) -> None:
    put = glue.put_data_catalog_encryption_settings
    nobodys = {"ReturnConnectionPasswordEncrypted": True, "AwsKmsKeyId": "alias/nobody"}
    said: dict[str, Any] = {"ConnectionPasswordEncryption": nobodys}
    refused("InvalidInputException", put, DataCatalogEncryptionSettings=said)
    said = {"EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS"}}
    refused("NotImplemented", put, DataCatalogEncryptionSettings=said)
    assert glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"] == OFF


def test_security_configurations_are_kept(glue: Any, name: str, refused: Refusal) -> None:
    said = {"S3Encryption": [{"S3EncryptionMode": "SSE-S3"}]}
    made = glue.create_security_configuration(Name=name, EncryptionConfiguration=said)
    create = glue.create_security_configuration
    refused("AlreadyExistsException", create, Name=name, EncryptionConfiguration=said)
    found = glue.get_security_configuration(Name=name)["SecurityConfiguration"]
    assert found["CreatedTimeStamp"] == made["CreatedTimestamp"]
    assert found["EncryptionConfiguration"] == {
        **said,
        "CloudWatchEncryption": {"CloudWatchEncryptionMode": "DISABLED"},
        "JobBookmarksEncryption": {"JobBookmarksEncryptionMode": "DISABLED"},
    }
    listed = glue.get_security_configurations()["SecurityConfigurations"]
    assert name in [one["Name"] for one in listed]
    glue.delete_security_configuration(Name=name)
    refused("EntityNotFoundException", glue.get_security_configuration, Name=name)
