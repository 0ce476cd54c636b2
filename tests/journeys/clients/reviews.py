"""A few hundred product reviews with their sentiment (-1, 0, 1): small, varied and the same every time."""

import csv
import io
import random

OPINIONS = {
    1: ["love it", "excellent quality", "a great fit", "wonderful colours", "my favourite of the year"],
    0: ["it is okay", "average at best", "neither good nor bad", "does what it says", "fine for the price"],
    -1: ["a terrible waste", "it broke at once", "very poor quality", "I hate the fabric", "I want a refund"],
}
THINGS = ["dress", "sweater", "blouse", "jacket", "pair of trousers", "skirt"]
EXTRAS = [
    "Bought in May.",
    "My sister says so too.",
    "<br />Delivery took two days.",
    "Size M, as always.",
    "",
]


def rows(count: int = 600) -> list[tuple[int, str, str]]:
    """Sentiment, text and product category of each review."""
    dice = random.Random(7)
    found = []
    for _ in range(count):
        sentiment = dice.choice([-1, 0, 1])
        thing = dice.choice(THINGS)
        text = f'This {thing}, "{dice.choice(OPINIONS[sentiment])}". {dice.choice(EXTRAS)}'.strip()
        found.append((sentiment, text, thing))
    return found


def as_csv(count: int = 600) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["sentiment", "review_body", "product_category"])
    writer.writerows(rows(count))
    return text.getvalue().encode()


def as_json_lines(count: int = 600) -> bytes:
    import json

    names = ("sentiment", "review_body", "product_category")
    return b"".join(json.dumps(dict(zip(names, row))).encode() + b"\n" for row in rows(count))
