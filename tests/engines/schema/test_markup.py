"""XML: rows, columns and their types."""

from __future__ import annotations

import pytest

from cumulet.engines.schema import markup
from cumulet.engines.schema.base import Markup, Unrecognised

BOOKS = """<?xml version="1.0"?>
<shop name="x">
  <book id="1"><title>Emma</title><price>2.5</price><tag>a</tag><tag>b</tag></book>
  <book id="2"><title>Ulysses</title><price>3</price><by><name>Joyce</name><born>1882</born></by></book>
</shop>
"""


def columns(text: str, complete: bool = True, hint: Markup | None = None) -> dict[str, str]:
    return {one.name: one.type for one in markup.read(text, complete, hint).columns}


def test_rows_are_the_elements_that_come_again_and_their_parts_are_columns() -> None:
    assert columns(BOOKS) == {
        "_id": "bigint",
        "title": "string",
        "price": "double",
        "tag": "array<string>",
        "by": "struct<name:string,born:bigint>",
    }
    found = markup.read(BOOKS, True)
    assert (found.records, found.options["row tag"]) == (2, "book")


def test_rows_are_the_elements_that_a_classifier_names() -> None:
    assert columns(BOOKS, hint=Markup("by", "people")) == {"name": "string", "born": "bigint"}
    assert markup.read(BOOKS, True, Markup("by", "people")).options["classification"] == "people"


def test_text_beside_attributes_is_a_value_of_its_own() -> None:
    assert columns('<r><p cur="EUR">2</p><p cur="USD">3.5</p></r>') == {"_cur": "string", "_value": "double"}


def test_a_document_that_is_cut_off_gives_the_rows_before_that() -> None:
    assert columns(BOOKS[: BOOKS.index("<by>")], complete=False)["title"] == "string"


def test_namespaces_are_left_out_of_names() -> None:
    text = '<a:r xmlns:a="urn:x"><a:row><a:n>1</a:n></a:row><a:row><a:n>2</a:n></a:row></a:r>'
    assert columns(text) == {"n": "bigint"}


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "<a>", "<a/>", "<a><b></a>", "{}"])
def test_what_is_no_xml_is_not_recognised(text: str) -> None:
    with pytest.raises(Unrecognised):
        markup.read(text, True)
