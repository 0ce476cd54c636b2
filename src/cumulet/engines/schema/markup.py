"""XML: one element for each row, its attributes and children as columns.

An attribute's name gets an underscore in front; an element's own text beside attributes is `_value`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLPullParser

from cumulet.engines.schema import types
from cumulet.engines.schema.base import Column, Markup, Schema, Unrecognised

CHUNK = 1 << 16


def read(text: str, complete: bool, hint: Markup | None = None) -> Schema:
    """The schema of all rows together, columns in the order in which they first came."""
    if not text.lstrip().startswith("<"):
        raise Unrecognised("no element at the start")
    tag = hint.row_tag if hint else row_tag(text, complete)
    rows = [element for element in ended(text, complete) if element.tag == tag]
    tree: types.Tree = {}
    for row in rows:
        if isinstance(found := of_element(row), dict):
            tree = types.merged(tree, found)
    if not isinstance(tree, dict) or not tree:
        raise Unrecognised(f"no elements {tag} with anything in them")
    columns: dict[str, types.Tree] = {}
    for name, kind in tree.items():
        columns[name.lower()] = types.merged(columns.get(name.lower()), kind)
    options = {"row tag": tag, "classification": hint.classification if hint else "xml"}
    size = max(1, round(len(text.encode()) / len(rows)))
    made = [Column(name, types.spelt(kind)) for name, kind in columns.items()]
    return Schema("xml", made, options, len(rows), size)


def row_tag(text: str, complete: bool) -> str:
    """The commonest child of the root, which is the row itself where it has children of its own only once."""
    tags = Counter(path[1] for path in paths(text, complete) if len(path) == 2)
    if not tags:
        raise Unrecognised("the root has no children")
    tag, often = tags.most_common(1)[0]
    return tag if often > 1 or len(tags) == 1 else next(iter(paths(text, complete)))[0]


def paths(text: str, complete: bool) -> list[list[str]]:
    """The path of each element from the root, as they begin."""
    found, path = [], []
    for event, element in events(text, complete):
        if event == "start":
            path.append(element.tag)
            found.append(path.copy())
        else:
            path.pop()
    return found


def ended(text: str, complete: bool) -> list[Element]:
    return [element for event, element in events(text, complete) if event == "end"]


def events(text: str, complete: bool) -> list[tuple[str, Element]]:
    """Elements as they begin and end; of a text that is cut off, those before that."""
    parser: XMLPullParser[Any] = XMLPullParser(["start", "end"])
    found: list[Any] = []
    try:
        for start in range(0, len(text), CHUNK):
            parser.feed(text[start : start + CHUNK])
            found += parser.read_events()
        if complete:
            parser.close()
            found += parser.read_events()
    except ParseError as error:
        raise Unrecognised(str(error)) from None
    return found


def of_element(element: Element) -> types.Tree:
    """An element as a tree of types: of a text alone its type, else a struct of what is in it."""
    text = (element.text or "").strip()
    tree: dict[str, types.Tree] = {
        f"_{bare(name)}": types.of_text(value) for name, value in element.attrib.items()
    }
    for child in element:
        name = bare(child.tag)
        kind = of_element(child)
        tree[name] = repeated(tree[name], kind) if name in tree else kind
    if not tree:
        return types.of_text(text)
    if text:
        tree["_value"] = types.of_text(text)
    return tree


def repeated(before: types.Tree, kind: types.Tree) -> types.Tree:
    """An element that comes again makes its column an array."""
    inner = before[1] if isinstance(before, list) else before
    return ["array", types.merged(inner, kind)]


def bare(name: str) -> str:
    """A name without its namespace, which ElementTree writes before it in braces."""
    return name.rpartition("}")[2]
