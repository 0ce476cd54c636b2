"""Delimited text: delimiters, quotes, headers and types."""

from __future__ import annotations

import pytest

from cumulet.engines.schema.base import Delimited, Schema, Unrecognised
from cumulet.engines.schema.delimited import read

QUOTED = 'id,text,label\n1,"He said ""no"", then\nleft <br/>",pos\n2,"b, c",neg\n'


def types(schema: Schema) -> dict[str, str]:
    return {column.name: column.type for column in schema.columns}


@pytest.mark.parametrize("delimiter", [",", "|", "\t", ";", "\x01"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    found = read(f"a{delimiter}b\n1{delimiter}x\n2{delimiter}y\n", complete=True)
    assert found.options["delimiter"] == delimiter
    assert types(found) == {"a": "bigint", "b": "string"}


def test_quoted_fields_hold_delimiters_quotes_and_line_ends() -> None:
    found = read(QUOTED, complete=True)
    assert found.options["quote"] == '"'
    assert found.records == 2
    assert types(found) == {"id": "bigint", "text": "string", "label": "string"}


def test_stray_quotes_in_a_tsv_do_not_swallow_its_lines() -> None:
    lines = ['1\t"great', "2\tsaid she", '3\tit is 5" wide', '4\t"', "5\tx"] * 20
    found = read("id\ttext\n" + "\n".join(lines), complete=True)
    assert (found.records, found.options["quote"]) == (100, None)


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", "-2", ""], "bigint"),
        (["007", "+5"], "bigint"),
        (["1", "2.5"], "double"),
        (["1e3", ".5", "NaN"], "double"),
        (["9223372036854775807"], "bigint"),
        (["9223372036854775808"], "string"),
        (["true", "False"], "boolean"),
        (["true", "1"], "string"),
        (["2024-01-01"], "string"),
        (["", ""], "string"),
        (["1", "one"], "string"),
    ],
)
def test_a_column_is_as_wide_as_its_values(texts: list[str], kind: str) -> None:
    found = read("n,x\n" + "".join(f"1,{text}\n" for text in texts), complete=True)
    assert [column.type for column in found.columns] == ["bigint", kind]


@pytest.mark.parametrize(
    ("first", "header"),
    [
        ("id,name", True),
        ("id,", True),  # a trailing delimiter
        (",name", False),  # no name
        ("1,name", False),
        (f"{'x' * 150},name", False),
    ],
)
def test_a_header_is_told_by_glues_rules(first: str, header: bool) -> None:
    assert read(f"{first}\n1,a\n2,b\n", complete=True).options["header"] is header


def test_texts_above_texts_are_no_header_and_the_columns_get_numbers() -> None:
    found = read("name,city\nAnn,Rome\nBob,Bern\n", complete=True)
    assert found.options["header"] is False
    assert types(found) == {"col0": "string", "col1": "string"}
    assert found.records == 3


def test_names_are_lowered_and_made_distinct() -> None:
    found = read("Id,ID,Two Words\n1,2,3\n4,5,6\n", complete=True)
    assert list(types(found)) == ["id", "id_1", "two words"]


def test_ragged_lines_keep_the_headers_width() -> None:
    found = read("a,b,c\n1,2,3\n4,5\n6,7,8,9\n" + "1,2,3\n" * 10, complete=True)
    assert list(types(found)) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "\n\n", "just words\nand more\n", "a,b,c\n", "a,b\nc\nd,e,f\ng\n"])
def test_what_is_no_table_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(Unrecognised):
        read(text, complete=True)


def test_a_lone_header_is_enough_where_it_is_said_to_be_one() -> None:
    found = read("a,b\n", complete=True, hint=Delimited(header=True))
    assert (types(found), found.records) == ({"a": "string", "b": "string"}, 0)


def test_what_is_said_beforehand_wins() -> None:
    hint = Delimited(delimiter="~", quote="'", header=False, names=["k", "v"], types=["string"])
    found = read("1~'a~b'\n2~'c'\n", complete=True, hint=hint)
    assert types(found) == {"k": "string", "v": "string"}
    assert found.options["quote"] == "'"


def test_one_column_is_a_table_only_where_that_is_allowed() -> None:
    assert types(read("n\n1\n2\n", complete=True, hint=Delimited(single_column=True))) == {"n": "bigint"}


def test_a_line_that_the_sample_cuts_off_does_not_count() -> None:
    found = read("a,b\n1,2\n3,4\n5,not whol", complete=False)
    assert types(found) == {"a": "bigint", "b": "bigint"}
