"""FHIR XML to JSON text and back, element by element, so that a decimal keeps its digits both ways (R4, xml.html)."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from telemed.fhir import raw
from telemed.fhir.elements import Element, Model, companion, elements_of, model_of
from telemed.fhir.issues import Issue, Malformed
from telemed.fhir.raw import Number

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

_ACTIVE = frozenset({"script", "object", "embed", "iframe", "frame", "form", "input", "link", "base", "meta", "style"})
"""Elements that a narrative never has (txt-1)."""

Node = etree._Element

DEEPEST = 40
"""Elements within each other."""
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document holds (XML 1.0, 2.2)."""


def _parser() -> etree.XMLParser:
    """No entities, no DTD, no network, no huge trees."""
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )


def _has_document_type(node: Node) -> bool:
    return node.getroottree().docinfo.internalDTD is not None


def narrative_fault(text: str) -> str:
    """What is wrong with a narrative's div: not XHTML, or something active in it; empty when all is well (txt-1)."""
    try:
        div = etree.fromstring(text, _parser())
    except (etree.XMLSyntaxError, ValueError):
        return "the narrative is not well-formed XHTML"
    if div.tag != f"{{{XHTML}}}div" or _has_document_type(div):
        return "the narrative is a div of XHTML"
    for node in div.iter():
        name = etree.QName(node).localname if isinstance(node.tag, str) else "entity"
        if name in _ACTIVE or name == "entity" or any(_is_active(a, v) for a, v in node.attrib.items()):
            return "the narrative has active content (txt-1)"
    return ""


def _is_active(attribute: str | bytes, value: str | bytes) -> bool:
    return str(attribute).lower().startswith("on") or "javascript:" in str(value).lower()


def to_json(data: bytes) -> bytes:
    """A FHIR resource in XML as JSON text.

    Raises:
        Malformed: not XML, with a document type, not of FHIR's namespace, or with an unknown element.
    """
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, ValueError):
        raise _fault("not well-formed XML", "") from None
    if _has_document_type(root):
        raise _fault("a document type is not allowed", "")
    return raw.written(_resource(root, "")).encode()


def _fault(what: str, path: str) -> Malformed:
    return Malformed([Issue("structure", what, path)])


def _name(node: Node, path: str) -> str:
    if not isinstance(node.tag, str):
        raise _fault("an entity is not allowed", path)
    name = etree.QName(node)
    if name.namespace not in (FHIR, XHTML):
        raise _fault("an element is not of FHIR's namespace", path)
    return name.localname


def _resource(node: Node, path: str) -> dict[str, Any]:
    kind = _name(node, path)
    model = model_of(kind)
    if model is None:
        raise _fault("not a resource type of FHIR R4", path)
    return {"resourceType": kind, **_object(node, model, path or kind)}


def _object(node: Node, model: Model, path: str) -> dict[str, Any]:
    if path.count(".") > DEEPEST:
        raise _fault("nested too deep", "")
    elements = elements_of(model)
    made: dict[str, Any] = {}
    for name in ("id", "url"):
        if name in node.attrib and name in elements:
            made[name] = node.get(name)
    for child in node:
        name = _name(child, path)
        element = elements.get(name)
        if element is None:
            raise _fault("an unknown element", path)
        _add(made, element, child, f"{path}.{name}")
    return made


def _add(made: dict[str, Any], element: Element, node: Node, path: str) -> None:
    value, beside = _value(element, node, path)
    if not element.many:
        if element.name in made or f"_{element.name}" in made:
            raise _fault("an element is given twice", path)
        made.update({k: v for k, v in ((element.name, value), (f"_{element.name}", beside)) if v is not None})
        return
    values = made.setdefault(element.name, [])
    values.append(value)
    if beside is not None or f"_{element.name}" in made:
        besides = made.setdefault(f"_{element.name}", [])
        besides.extend([None] * (len(values) - 1 - len(besides)))
        besides.append(beside)


def _value(element: Element, node: Node, path: str) -> tuple[Any, dict[str, Any] | None]:
    match element.form:
        case "xhtml":
            node.tail = None
            return etree.tostring(node, encoding="unicode"), None
        case "resource":
            if len(node) != 1:
                raise _fault("holds exactly one resource", path)
            return _resource(node[0], path), None
        case "complex" if element.model is not None:
            return _object(node, element.model, path), None
        case _:
            return _primitive(element, node, path), _object(node, companion(), path) or None


def _primitive(element: Element, node: Node, path: str) -> Any:
    text = node.get("value")
    if text is None or element.form == "string":
        return text
    if element.form == "boolean":
        return {"true": True, "false": False}.get(text, text)
    try:
        json.loads(text, parse_constant=float)
        return Number(text)
    except (ValueError, OverflowError):
        raise _fault("is a number", path) from None


def from_json(content: bytes) -> bytes:
    """A valid resource in JSON as XML; for those who ask for XML only."""
    fields = json.loads(content, parse_float=Number)
    root = _resource_node(fields, None)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _resource_node(fields: Mapping[str, Any], parent: Node | None) -> Node:
    kind = fields["resourceType"]
    tag = f"{{{FHIR}}}{kind}"
    node = _root(tag) if parent is None else etree.SubElement(parent, tag)
    model = model_of(kind)
    if model is not None:
        _fill(node, fields, model, is_resource=True)
    return node


def _root(tag: str) -> Node:
    default: dict[str | None, str] = {None: FHIR}
    return etree.Element(tag, nsmap=default)  # type: ignore[arg-type]  # lxml-stubs knows no default namespace


def _fill(node: Node, fields: Mapping[str, Any], model: Model, *, is_resource: bool = False) -> None:
    for name, element in elements_of(model).items():
        if not is_resource and _is_attribute(model, name):
            if name in fields:
                _set(node, name, fields[name])
            continue
        for value, beside in _pairs(fields.get(name), fields.get(f"_{name}")):
            _child(node, element, value, beside)


def _is_attribute(model: Model, name: str) -> bool:
    return name == "id" or (name == "url" and model.__name__ == "Extension")


def _pairs(value: Any, beside: Any) -> Iterator[tuple[Any, Any]]:
    if not isinstance(value, list) and not isinstance(beside, list):
        if value is not None or beside is not None:
            yield value, beside
        return
    values, besides = value or [], beside or []
    for n in range(max(len(values), len(besides))):
        yield values[n] if n < len(values) else None, besides[n] if n < len(besides) else None


def _child(parent: Node, element: Element, value: Any, beside: Any) -> None:
    if element.form == "xhtml":
        if value is not None:  # or else an extension was kept in its place
            parent.append(etree.fromstring(value, _parser()))
        return
    node = etree.SubElement(parent, f"{{{FHIR}}}{element.name}")
    if element.form == "resource":
        _resource_node(value, node)
    elif element.form == "complex" and element.model is not None:
        _fill(node, value, element.model)
    elif value is not None:
        _set(node, "value", _text(value))
    if beside is not None:
        _fill(node, beside, companion())


def _set(node: Node, name: str, text: str) -> None:
    """What XML cannot say is shown as unreadable (U+FFFD), rather than that nothing of all the rest can be read."""
    try:
        node.set(name, text)
    except ValueError:
        node.set(name, _NOT_IN_XML.sub("\ufffd", text))


def _text(value: Any) -> str:
    if isinstance(value, Number):
        return value.text
    return value if isinstance(value, str) else json.dumps(value)
