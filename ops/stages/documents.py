"""Reads YAML files as operators write them: every value with its line, every fault with a remedy.

The file's schema decides what a value is, not YAML: an id 0912 or 104829183746, the language `no`, the
time 09:30 and the date 2026-03-21 stay the text they were written as.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from ops.stages.faults import Fault
from ops.stages.wording import worded

Spot = tuple[str | int, ...]
"""The way to a value: keys and indexes."""

_BOOLEANS = {"true": True, "false": False}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map")}


@dataclass(slots=True)
class Document:
    """A file's content; `value` is None if it cannot be read at all."""

    file: Path
    value: Any = None
    lines: dict[Spot, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unresolved: set[Spot] = field(default_factory=set)

    def line(self, spot: Spot) -> int:
        """The line of a value, or of the nearest thing around it."""
        while spot and spot not in self.lines:
            spot = spot[:-1]
        return self.lines.get(spot, 1)

    def fault(self, spot: Spot, problem: str, remedy: str) -> None:
        """Report a fault at a value."""
        self.faults.append(Fault(self.file, self.line(spot), problem, remedy))

    def entries(self, *spot: str | int) -> list[tuple[Spot, dict[str, Any]]]:
        """The mappings in the list there; entries of another type are the schema's faults."""
        value = self._at(spot)
        if not isinstance(value, list):
            return []
        return [((*spot, i), entry) for i, entry in enumerate(value) if isinstance(entry, dict)]

    def texts(self, *spot: str | int) -> list[tuple[Spot, str]]:
        """The texts there: of one value, of a list, or of a mapping's values."""
        value = self._at(spot)
        if isinstance(value, str):
            return [(spot, value)]
        if isinstance(value, list):
            return [((*spot, i), text) for i, text in enumerate(value) if isinstance(text, str)]
        return [((*spot, key), text) for key, text in self.pairs(*spot) if isinstance(text, str)]

    def pairs(self, *spot: str | int) -> list[tuple[str, Any]]:
        """The mapping there, in its order."""
        value = self._at(spot)
        return list(value.items()) if isinstance(value, dict) else []

    def _at(self, spot: Spot) -> object:
        value: Any = self.value
        for step in spot:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return None
        return value


def read(file: Path, schema: Mapping[str, Any], variables: Mapping[str, str] | None) -> Document:
    """The file, with `${NAME}` replaced in its values; everything wrong with it is in `faults`.

    Without `variables` such places are left as they are.
    """
    document = Document(file)
    node = _composed(document)
    if node is not None:
        document.value = _Reader(document, schema, variables).value(node, schema, ())
        document.faults.extend(_schema_faults(document, schema))
    return document


def _composed(document: Document) -> yaml.Node | None:
    try:
        text = document.file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        document.fault((), "the file is missing", "write it; infra/stages/example shows how")
        return None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        _at_line(document, line, "the file is not UTF-8", "save it as UTF-8")
        return None
    try:
        aliases = [event for event in yaml.parse(text, yaml.BaseLoader) if isinstance(event, yaml.AliasEvent)]
        for alias in aliases:
            line = alias.start_mark.line + 1
            _at_line(document, line, f"*{alias.anchor} refers to another place", "write the value out")
        node = None if aliases else yaml.compose(text, yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        _unreadable(document, error, text)
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        _at_line(document, line, f"an invisible character U+{ord(text[error.position]):04X}", "delete it")
        return None
    if node is None and not aliases:
        document.fault((), "the file is empty", "infra/stages/example shows what belongs there")
    return node


def _unreadable(document: Document, error: yaml.MarkedYAMLError, text: str) -> None:
    mark = error.problem_mark or error.context_mark
    line = min(mark.line + 1, text.count("\n") + 1) if mark else 1
    written = text.splitlines()[line - 1 : line]
    problem = f"this is not YAML ({error.problem})"
    remedy = "check the indentation, colons and quotes here and on the line above"
    if written and re.match(r" *\t", written[0]):
        problem, remedy = "a tab at the start of the line", "indent with spaces"
    elif error.problem and "but found another document" in error.problem:
        problem, remedy = "a second document begins here", "keep one document per file: delete the ---"
    elif error.problem and "mapping values are not allowed" in error.problem:
        problem, remedy = (
            "a colon where none can be",
            "put text that holds “: ” in quotes, and check the indentation",
        )
    _at_line(document, line, problem, remedy)


def _at_line(document: Document, line: int, problem: str, remedy: str) -> None:
    document.faults.append(Fault(document.file, line, problem, remedy))


@dataclass(frozen=True, slots=True)
class _Reader:
    document: Document
    root: Mapping[str, Any]
    variables: Mapping[str, str] | None

    def value(self, node: yaml.Node, schema: Mapping[str, Any], spot: Spot) -> object:
        """The node as its schema means it, its line noted."""
        line = node.start_mark.line + 1
        self.document.lines.setdefault(spot, line)
        if node.tag not in _PLAIN_TAGS:
            _at_line(self.document, line, f"the tag {node.tag} has no meaning here", "delete it")
        schema = self._resolved(schema)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, schema, spot)
        if isinstance(node, yaml.SequenceNode):
            items = schema.get("items", {})
            return [self.value(child, items, (*spot, i)) for i, child in enumerate(node.value)]
        return self._scalar(node, schema, spot)

    def _mapping(self, node: yaml.MappingNode, schema: Mapping[str, Any], spot: Spot) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                _at_line(self.document, line, "a key that is not text", "write a name before the colon")
                continue
            key = key_node.value
            if key in entries:
                first = self.document.line((*spot, key))
                remedy = f"keep one of them (the first is on line {first})"
                _at_line(self.document, line, f"{key} stands here twice", remedy)
                continue
            self.document.lines[(*spot, key)] = line
            inner = schema.get("properties", {}).get(key) or schema.get("additionalProperties") or {}
            entries[key] = self.value(child, inner, (*spot, key))
        return entries

    def _scalar(self, node: yaml.ScalarNode, schema: Mapping[str, Any], spot: Spot) -> object:
        text: str = node.value
        if (
            node.style is None
            and schema.get("type") == "integer"
            and re.fullmatch(r"-?(0|[1-9]\d{0,17})", text)
        ):
            return int(text)
        if node.style is None and schema.get("type") == "boolean":
            return _BOOLEANS.get(text, text)
        return _VARIABLE.sub(lambda match: self._variable(match, spot), text)

    def _variable(self, match: re.Match[str], spot: Spot) -> str:
        value = (self.variables or {}).get(match[1])
        if value is not None:
            return value
        self.document.unresolved.add(spot)
        if self.variables is not None:
            remedy = "give it to this command, or write the value here"
            self.document.fault(spot, f"nothing is known for {match[0]}", remedy)
        return match[0]

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        name = schema.get("$ref", "").removeprefix("#/$defs/")
        return self.root["$defs"][name] if name else schema


def _schema_faults(document: Document, schema: Mapping[str, Any]) -> Iterator[Fault]:
    for error in Draft202012Validator(schema).iter_errors(document.value):
        spot = tuple(error.absolute_path)
        if spot in document.unresolved:
            continue
        for place, problem, remedy in worded(error):
            yield Fault(document.file, document.line((*spot, *place)), problem, remedy)
