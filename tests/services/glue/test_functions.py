"""User-defined functions: kept by database, found by pattern."""

from __future__ import annotations

from typing import Any

from .conftest import Refusal

UPPER = {
    "FunctionName": "Upper",
    "ClassName": "org.example.Upper",
    "OwnerName": "ann",
    "OwnerType": "USER",
    "ResourceUris": [{"ResourceType": "JAR", "Uri": "s3://code/upper.jar"}],
}


def test_a_function_is_kept_changed_and_deleted(glue: Any, database: str, refused: Refusal) -> None:
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=UPPER)
    again = {"DatabaseName": database, "FunctionInput": UPPER}
    refused("AlreadyExistsException", glue.create_user_defined_function, **again)
    where = {"DatabaseName": database, "FunctionName": "UPPER"}
    found = glue.get_user_defined_function(**where)["UserDefinedFunction"]
    assert {name: found[name] for name in UPPER} == UPPER
    assert found["DatabaseName"] == database
    new = {"FunctionName": "lower", "ClassName": "org.example.Lower"}
    glue.update_user_defined_function(**where, FunctionInput=new)
    refused("EntityNotFoundException", glue.get_user_defined_function, **where)
    where["FunctionName"] = "lower"
    renamed = glue.get_user_defined_function(**where)["UserDefinedFunction"]
    assert (renamed["ClassName"], renamed["CreateTime"]) == ("org.example.Lower", found["CreateTime"])
    assert "OwnerName" not in renamed
    glue.delete_user_defined_function(**where)
    refused("EntityNotFoundException", glue.delete_user_defined_function, **where)


def test_functions_are_found_by_pattern_and_paged(glue: Any, database: str) -> None:
    for name in ("to_a", "to_b", "from_a"):
        given = {**UPPER, "FunctionName": name}
        glue.create_user_defined_function(DatabaseName=database, FunctionInput=given)
    found = glue.get_user_defined_functions(DatabaseName=database, Pattern="to_*")
    assert [one["FunctionName"] for one in found["UserDefinedFunctions"]] == ["to_a", "to_b"]
    pages = glue.get_paginator("get_user_defined_functions").paginate(
        DatabaseName=database, Pattern=".*", PaginationConfig={"PageSize": 2}
    )
    sizes = [len(page["UserDefinedFunctions"]) for page in pages]
    assert sizes == [2, 1]
    everywhere = glue.get_user_defined_functions(Pattern="from_a")["UserDefinedFunctions"]
    assert [one["DatabaseName"] for one in everywhere] == [database]


def test_functions_go_with_their_database(glue: Any, database: str, refused: Refusal) -> None:
    glue.create_user_defined_function(DatabaseName=database, FunctionInput=UPPER)
    glue.delete_database(Name=database)
    glue.create_database(DatabaseInput={"Name": database})
    where = {"DatabaseName": database, "FunctionName": "upper"}
    refused("EntityNotFoundException", glue.get_user_defined_function, **where)


def test_a_function_needs_a_database(glue: Any, refused: Refusal) -> None:
    create = glue.create_user_defined_function
    refused("EntityNotFoundException", create, DatabaseName="nowhere", FunctionInput=UPPER)
