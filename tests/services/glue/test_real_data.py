"""Crawlers on real reviews, where the data is at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .lake import Lake, columns

DATA = Path(os.environ.get("CUMULET_TEST_DATA") or Path(__file__).parents[4] / "shared/data") / "reviews"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="needs the real reviews (CUMULET_TEST_DATA)")


def test_the_gift_card_reviews_are_a_tsv_of_fifteen_columns(lake: Lake) -> None:
    lake.put({"tsv/gift_cards.tsv": (DATA / "amazon_reviews_us_Gift_Card_v1_00.tsv").read_bytes()})
    table = lake.crawl("tsv/")["tsv"]
    assert table["Parameters"]["delimiter"] == "\t"
    assert table["Parameters"]["skip.header.line.count"] == "1"
    found = columns(table)
    assert len(found) == 15
    assert (found["customer_id"], found["star_rating"], found["review_body"]) == (
        "bigint",
        "bigint",
        "string",
    )


def test_the_clothing_reviews_have_as_many_records_as_the_course_says(lake: Lake) -> None:
    name = "womens_clothing_ecommerce_reviews_transformed.csv"
    lake.put({f"clothing/{name}": (DATA / name).read_bytes()})
    table = lake.crawl("clothing/")["clothing"]
    assert columns(table) == {"sentiment": "bigint", "review_body": "string", "product_category": "string"}
    assert table["Parameters"]["recordCount"] == str(2370 + 2823 + 17433)
    assert table["Parameters"]["areColumnsQuoted"] == "true"
