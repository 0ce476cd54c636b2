"""The models' constraints, in the words of AWS."""

from __future__ import annotations

from typing import Any

import pytest

from cumulet.wire import models, patterns, validate
from cumulet.wire.errors import AwsError


def broken(service: str, operation: str, members: dict[str, Any]) -> str:
    """What a validation says."""
    with pytest.raises(AwsError) as caught:
        validate.check(models.service(service).operation_model(operation), members, "ValidationException")
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_missing_member_must_not_be_null() -> None:
    assert broken("glue", "GetTable", {"Name": "t"}) == (
        "1 validation error detected: Value null at 'databaseName' failed to satisfy constraint: "
        "Member must not be null"
    )


def test_all_violations_are_told_at_once_with_their_places() -> None:
    tags = [{"Key": "a", "Value": "b"}, {"Value": "c"}]
    told = broken("sagemaker", "AddTags", {"ResourceArn": "x" * 300, "Tags": tags})
    assert told.startswith("2 validation errors detected: ")
    assert "at 'tags.2.member.key' failed to satisfy constraint: Member must not be null" in told
    assert (
        "at 'resourceArn' failed to satisfy constraint: Member must have length less than or equal to 256"
        in told
    )


def test_a_pattern_holds_for_the_whole_value() -> None:
    told = broken("logs", "CreateLogGroup", {"logGroupName": "has a blank"})
    assert told.endswith("Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+")


def test_a_range_and_an_enumeration() -> None:
    assert "value greater than or equal to 1" in broken(
        "glue", "GetTables", {"DatabaseName": "d", "MaxResults": 0}
    )
    told = broken("kms", "CreateKey", {"KeyUsage": "OPEN_DOORS"})
    assert (
        "Value 'OPEN_DOORS' at 'keyUsage' failed to satisfy constraint: Member must satisfy enum value set: ["
        in told
    )


def test_a_secret_is_not_repeated() -> None:
    told = broken("cognito-idp", "AdminCreateUser", {"UserPoolId": "us-east-1_a", "Username": ""})
    assert "Value at 'username' failed to satisfy constraint" in told


def test_an_instance_type_that_is_newer_than_our_models_is_let_through() -> None:
    operation = models.service("sagemaker").operation_model("CreateEndpointConfig")
    variant = {
        "VariantName": "v",
        "ModelName": "m",
        "InstanceType": "ml.z99.tremendous",
        "InitialInstanceCount": 1,
    }
    validate.check(operation, {"EndpointConfigName": "e", "ProductionVariants": [variant]}, "x")


def test_s3_has_its_own_words_for_all_but_what_is_missing() -> None:
    operation = models.service("s3").operation_model("PutObject")
    validate.check(operation, {"Bucket": "b", "Key": "k", "StorageClass": "NONE_SUCH"}, "x")


def test_a_document_of_s3_that_lacks_something_is_malformed() -> None:
    operation = models.service("s3").operation_model("PutBucketLifecycleConfiguration")
    rules = {"Rules": [{"Expiration": {"Days": 1}, "Prefix": ""}]}
    with pytest.raises(AwsError) as caught:
        validate.check(operation, {"Bucket": "b", "LifecycleConfiguration": rules}, "InvalidArgument")
    assert (caught.value.code, caught.value.status) == ("MalformedXML", 400)


def test_javas_classes_of_surrogates_mean_the_characters_beyond() -> None:
    pattern = patterns.compiled("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*")
    assert pattern
    assert not pattern.refuses("straße 😀")
    assert pattern.refuses("bell \x07")


@pytest.mark.parametrize(
    "source", ["(a+)+", "(a|a)*b", "([a-z]+[a-z0-9]*)*", "(.*[\\n ]?)*", "(\\w+\\s?){1,50}", "(a)\\1"]
)
def test_a_pattern_that_could_explode_is_not_used(source: str) -> None:
    assert patterns.compiled(source) is None


@pytest.mark.parametrize("source", ["[a-z&&[^b]]", "\\p{L}+", "a{2}{3}"])
def test_a_pattern_that_only_java_reads_is_not_used(source: str) -> None:
    assert patterns.compiled(source) is None


@pytest.mark.parametrize(
    "source", ["[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "arn:aws[a-z\\-]*:iam::\\d{12}:role/?[\\w+=,.@\\-_/]+"]
)
def test_ordinary_patterns_are_used_however_long_the_text(source: str) -> None:
    pattern = patterns.compiled(source)
    assert pattern
    assert pattern.refuses("a" * 100_000 + "!")


def test_a_pattern_that_backtracks_is_used_on_texts_that_are_short_enough() -> None:
    pattern = patterns.compiled(".*a.*b.*")
    assert pattern
    assert pattern.longest < 1000
