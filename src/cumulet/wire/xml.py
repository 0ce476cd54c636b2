"""XML to values and back, as the query, EC2 and REST XML protocols share it.

Read with expat and without its dangers: no document type, hence no entities, and bounded nesting.
Written by joining strings: a listing of a thousand objects is some ten thousand elements.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from cumulet.wire import texts
from cumulet.wire.shapes import Malformed, Shape

DEPTH = 100
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


class Reader:
    """A tree of elements whose names have lost their prefixes; attributes keep theirs (`xsi:type`)."""

    def __init__(self) -> None:
        self.depth = 0
        self.tree = TreeBuilder()

    def read(self, body: bytes) -> Element:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self.tree.data
        try:
            parser.Parse(body, True)
        except (expat.ExpatError, ValueError) as error:
            raise Malformed(f"The XML is not well-formed: {error}") from error
        return self.tree.close()

    def _doctype(self, *declaration: Any) -> None:
        raise Malformed("A document type is not allowed.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEPTH:
            raise Malformed("The XML is nested too deeply.")
        self.tree.start(name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.tree.end(name.rpartition(":")[2])


def read(body: bytes) -> Element:
    return Reader().read(body)


# XML to values


def parse_value(shape: Shape, node: Element) -> Any:
    if shape.type == "structure":
        return structure(shape, node)
    if shape.type == "list":
        name = shape.member.wire or "member"
        return [parse_value(shape.member, child) for child in node if child.tag == name]
    if shape.type == "map":
        return dict(_entry(shape, child) for child in node if child.tag == "entry")
    if len(node):
        raise Malformed(f"{node.tag} holds elements where a {shape.type} is expected.")
    return texts.parse(shape, node.text or "")


def structure(shape: Shape, node: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in node:
        if use := shape.by_tag.get(child.tag):
            _member(found, *use, child)
    for attribute, text in node.attrib.items():
        if (use := shape.by_wire.get(attribute)) and use[1].attribute:
            found[use[0]] = texts.parse(use[1], text)
    return found


def _member(found: dict[str, Any], name: str, shape: Shape, node: Element) -> None:
    if shape.flattened and shape.type == "list":
        found.setdefault(name, []).append(parse_value(shape.member, node))
    elif shape.flattened and shape.type == "map":
        found.setdefault(name, {}).update([_entry(shape, node)])
    else:
        found[name] = parse_value(shape, node)


def _entry(shape: Shape, node: Element) -> tuple[Any, Any]:
    parts = {child.tag: child for child in node}
    try:
        key, value = parts[shape.key.wire or "key"], parts[shape.value.wire or "value"]
    except KeyError as error:
        raise Malformed(f"An entry of a map lacks its {error.args[0]}.") from error
    return parse_value(shape.key, key), parse_value(shape.value, value)


# Values to XML


SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]')
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
BREAKS = str.maketrans(
    {"\n": "&#xa;", "\t": "&#x9;"}
)  # which a parser would turn into blanks in an attribute


def escape(text: str) -> str:
    """Text for an element or an attribute. What XML 1.0 cannot hold goes out as S3 sends it: `&#x1;`."""
    if text.isalnum():
        return text
    return SPECIAL.sub(lambda found: ENTITIES.get(found[0]) or f"&#x{ord(found[0]):x};", text)


class Written(Sequence[Any]):
    """A list that writes itself, where the walk through the model would cost too much (S3's listings)."""

    @abstractmethod
    def write(self, tag: str) -> str: ...


def write(parts: list[str], tag: str, shape: Shape, value: Any) -> None:
    """Append an element. Members that the model does not know, and None, are left out."""
    kind = shape.type
    if kind == "structure":
        parts.append(f"<{tag}{shape.namespace}{attributes(shape, value)}>")
        write_members(parts, shape, value)
        parts.append(f"</{tag}>")
    elif kind == "list":
        _write_list(parts, tag, shape, value)
    elif kind == "map":
        _write_map(parts, tag, shape, value)
    elif kind == "string":
        parts.append(f"<{tag}{shape.namespace}>{escape(str(value))}</{tag}>")
    else:
        parts.append(f"<{tag}{shape.namespace}>{escape(texts.write(shape, value))}</{tag}>")


def write_members(parts: list[str], shape: Shape, value: dict[str, Any]) -> None:
    known = shape.tags
    for name, item in value.items():
        if item is not None and (use := known.get(name)):
            tag, member = use
            if type(item) is str and member.plain:  # most of what is ever written
                parts.append(f"<{tag}>{escape(item)}</{tag}>")
            else:
                write(parts, tag, member, item)


def attributes(shape: Shape, value: dict[str, Any]) -> str:
    """The members of a structure that are its element's attributes."""
    return "".join(
        f' {member.wire or name}="{escape(str(value[name])).translate(BREAKS)}"'
        for name, member in shape.attributes.items()
        if value.get(name) is not None
    )


def _write_list(parts: list[str], tag: str, shape: Shape, value: Any) -> None:
    member = shape.member
    inner = tag if shape.flattened else member.wire or "member"
    if not shape.flattened:
        parts.append(f"<{tag}{shape.namespace}>")
    if isinstance(value, Written):
        parts.append(value.write(inner))
    else:
        for item in value:
            if item is not None:
                write(parts, inner, member, item)
    if not shape.flattened:
        parts.append(f"</{tag}>")


def _write_map(parts: list[str], tag: str, shape: Shape, value: dict[Any, Any]) -> None:
    inner = tag if shape.flattened else "entry"
    if not shape.flattened:
        parts.append(f"<{tag}{shape.namespace}>")
    for key, item in value.items():
        if item is not None:
            parts.append(f"<{inner}>")
            write(parts, shape.key.wire or "key", shape.key, key)
            write(parts, shape.value.wire or "value", shape.value, item)
            parts.append(f"</{inner}>")
    if not shape.flattened:
        parts.append(f"</{tag}>")
