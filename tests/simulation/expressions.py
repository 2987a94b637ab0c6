"""DynamoDB's expressions, as far as PynamoDB and `runtime` write them: conditions, key conditions, updates.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
Each text is compiled once; PynamoDB numbers its placeholders, so there are few texts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

Value = dict[str, Any]
Item = dict[str, Value]
Test = Callable[[Item, Mapping[str, str], Mapping[str, Value]], bool]
Operand = Callable[[Item, Mapping[str, str], Mapping[str, Value]], Value | None]

_TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),]|[#:]?[A-Za-z0-9_]+)")


def tokens(text: str) -> list[str]:
    """The text's words."""
    found = _TOKEN.findall(text)
    if "".join(found) != re.sub(r"\s", "", text):
        raise NotImplementedError(f"expression {text!r}")
    return found


def plain(value: Value | None) -> Any:
    """What compares as DynamoDB compares: numbers as numbers."""
    if value is None:
        return None
    ((kind, content),) = value.items()
    return float(content) if kind == "N" else content


@functools.cache
def condition(text: str) -> Test:
    """A condition, key condition or filter."""
    parser = _Parser(tokens(text))
    test = parser.disjunction()
    parser.end()
    return test


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self.words = words
        self.at = 0

    def next(self) -> str:
        self.at += 1
        return self.words[self.at - 1]

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def expect(self, word: str) -> None:
        if self.next() != word:
            raise NotImplementedError(f"expected {word} in {self.words}")

    def end(self) -> None:
        if self.peek():
            raise NotImplementedError(f"more than understood: {self.words}")

    def disjunction(self) -> Test:
        left = self.conjunction()
        while self.peek() == "OR":
            self.next()
            left = _either(left, self.conjunction())
        return left

    def conjunction(self) -> Test:
        left = self.term()
        while self.peek() == "AND":
            self.next()
            left = _both(left, self.term())
        return left

    def term(self) -> Test:
        word = self.next()
        if word == "(":
            inner = self.disjunction()
            self.expect(")")
            return inner
        if word in _FUNCTIONS:
            return self.function(word)
        name, operator, value = word, self.next(), self.next()
        if operator == "BETWEEN":
            self.expect("AND")
            high = self.next()
            return lambda item, names, values: (
                item.get(names[name]) is not None
                and plain(values[value]) <= plain(item[names[name]]) <= plain(values[high])
            )
        compare = _COMPARISONS[operator]
        return lambda item, names, values: compare(plain(item.get(names[name])), plain(values[value]))

    def function(self, word: str) -> Test:
        self.expect("(")
        name = self.next()
        if word == "begins_with":
            self.expect(",")
            value = self.next()
            self.expect(")")
            return lambda item, names, values: str(plain(item.get(names[name])) or "").startswith(
                plain(values[value])
            )
        self.expect(")")
        if word == "attribute_exists":
            return lambda item, names, _values: names[name] in item
        return lambda item, names, _values: names[name] not in item


_FUNCTIONS = {"attribute_exists", "attribute_not_exists", "begins_with"}

# A comparison with an attribute that is not there is false.
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left is not None and left < right,
    "<=": lambda left, right: left is not None and left <= right,
    ">": lambda left, right: left is not None and left > right,
    ">=": lambda left, right: left is not None and left >= right,
}


def _either(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) or right(item, names, values)


def _both(left: Test, right: Test) -> Test:
    return lambda item, names, values: left(item, names, values) and right(item, names, values)


@functools.cache
def _clauses(text: str) -> tuple[tuple[str, str, str], ...]:
    clauses = []
    verb = ""
    words = tokens(text)
    at = 0
    while at < len(words):
        if words[at] in ("SET", "ADD", "REMOVE"):
            verb = words[at]
            at += 1
        elif words[at] == ",":
            at += 1
        elif verb == "SET":
            if words[at + 1] != "=":
                raise NotImplementedError(f"update {text!r}")
            clauses.append((verb, words[at], words[at + 2]))
            at += 3
        elif verb == "ADD":
            clauses.append((verb, words[at], words[at + 1]))
            at += 2
        elif verb == "REMOVE":
            clauses.append((verb, words[at], ""))
            at += 1
        else:
            raise NotImplementedError(f"update {text!r}")
    return tuple(clauses)


def updated(item: Item, text: str, names: Mapping[str, str], values: Mapping[str, Value]) -> Item:
    """The item after an update expression."""
    after = dict(item)
    for verb, name, value in _clauses(text):
        attribute = names[name]
        if verb == "SET":
            after[attribute] = values[value]
        elif verb == "REMOVE":
            after.pop(attribute, None)
        else:
            have = int(after.get(attribute, {"N": "0"})["N"])
            after[attribute] = {"N": str(have + int(values[value]["N"]))}
    return after


def size_of(item: Item) -> int:
    """Bytes, as DynamoDB counts them: names and texts in UTF-8, numbers by their digits.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    size = 0
    for name, value in item.items():
        ((kind, content),) = value.items()
        if kind == "N":
            size += len(content) // 2 + 2
        else:
            size += len(content) if isinstance(content, bytes) else len(str(content).encode())
        size += len(name)
    return size
