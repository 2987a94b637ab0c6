"""Changes of a program found by what they are about: its function, the kind of syntax, the words in it.

So a line that is formatted anew, or moves, or whose local names change, is found as before; and one that is
found no more, or more than once, is an error and no silent miss.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

Place = Callable[[ast.AST], bool]
"""Whether this is the piece of syntax that is meant."""

Becomes = Callable[[Any], ast.AST | list[ast.AST] | None]
"""What stands there instead; None takes it away."""


def edited(source: str, function: str, place: Place, becomes: Becomes) -> ast.Module:
    """The program with its one change. function: `name` or `Class.name`. Raises `LookupError`."""
    tree = ast.parse(source)
    before = ast.dump(tree)
    edit = _Edit(place, becomes)
    edit.generic_visit(_function(tree, function))
    if edit.found != 1:
        raise LookupError(f"{edit.found} places in {function}")
    if ast.dump(tree) == before:
        raise LookupError(f"nothing is changed in {function}")
    return ast.fix_missing_locations(tree)


def _function(tree: ast.Module, name: str) -> ast.AST:
    found: ast.AST = tree
    for part in name.split("."):
        inside = ast.iter_child_nodes(found)
        named = (
            one for one in inside if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == part
        )
        inner = next(named, None)
        if inner is None:
            raise LookupError(f"there is no {name}")
        found = inner
    return found


class _Edit(ast.NodeTransformer):
    def __init__(self, place: Place, becomes: Becomes) -> None:
        self._place = place
        self._becomes = becomes
        self.found = 0

    def visit(self, node: ast.AST) -> Any:
        """Replace the node, or look further inside it."""
        if self._place(node):
            self.found += 1
            return self._becomes(node)
        return self.generic_visit(node)


def words(node: ast.AST) -> Iterator[object]:
    """Every name and constant in it."""
    for one in ast.walk(node):
        match one:
            case (
                ast.Name(id=word)
                | ast.Attribute(attr=word)
                | ast.keyword(arg=word)
                | ast.Constant(value=word)
            ):
                yield word


def a(kind: type[ast.AST], *about: object) -> Place:
    """Syntax of that kind in which all of these words stand."""
    return lambda node: isinstance(node, kind) and set(about) <= set(words(node))


def attribute(name: str) -> Place:
    """What is read of something by that name."""
    return lambda node: isinstance(node, ast.Attribute) and node.attr == name


def call(name: str, *about: object) -> Place:
    """A call of what has that name, with all of these words in it."""

    def matches(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or not set(about) <= set(words(node)):
            return False
        return name == getattr(node.func, "attr", getattr(node.func, "id", ""))

    return matches


def into(text: str) -> Becomes:
    """This expression, in which `IT` is what stood there."""

    class Put(ast.NodeTransformer):
        def __init__(self, what: ast.expr) -> None:
            self._what = what

        def visit_Name(self, node: ast.Name) -> ast.expr:
            return copy.deepcopy(self._what) if node.id == "IT" else node

    return lambda node: Put(node).visit(ast.parse(text, mode="eval").body)


def gone(_node: ast.AST) -> None:
    """Nothing."""


def name(word: str) -> Place:
    """That name where it is read."""
    return lambda node: isinstance(node, ast.Name) and node.id == word and isinstance(node.ctx, ast.Load)


def argument(word: str, *about: object) -> Place:
    """What is given by that keyword, with all of these words in it."""
    return lambda node: isinstance(node, ast.keyword) and node.arg == word and set(about) <= set(words(node))


def given(text: str) -> Becomes:
    """The keyword with this expression, in which `IT` is what was given."""

    def put(node: ast.keyword) -> ast.keyword:
        node.value = into(text)(node.value)  # type: ignore[assignment]
        return node

    return put


def over(text: str) -> Becomes:
    """The loop over this expression, in which `IT` is what it was over."""

    def put(node: ast.comprehension) -> ast.comprehension:
        node.iter = into(text)(node.iter)  # type: ignore[assignment]
        return node

    return put


def always(node: ast.If) -> ast.If:
    """The same branch, which is always taken."""
    node.test = ast.Constant(True)
    return node


def only_if(text: str) -> Becomes:
    """The branch, for which this must hold as well."""

    def narrowed(node: ast.If) -> ast.If:
        more = ast.parse(text, mode="eval").body
        node.test = ast.BoolOp(ast.And(), [node.test, more])
        return node

    return narrowed


def never(node: ast.If) -> ast.If:
    """The same branch, into which nothing leads."""
    node.test = ast.Constant(False)
    return node


def otherwise(node: ast.IfExp) -> ast.expr:
    """What it is when its condition does not hold."""
    return node.orelse


def the_left(node: ast.BinOp) -> ast.expr:
    """The first of two operands."""
    return node.left


def the_last(node: ast.BoolOp) -> ast.expr:
    """The last of several conditions."""
    return node.values[-1]


def backwards(node: ast.Tuple) -> ast.Tuple:
    """The same in the other order."""
    node.elts = node.elts[::-1]
    return node


def without(keyword: str) -> Becomes:
    """The call without that argument."""

    def dropped(node: ast.Call) -> ast.Call:
        node.keywords = [one for one in node.keywords if one.arg != keyword]
        return node

    return dropped


def calling(name: str) -> Becomes:
    """The call, of something else."""

    def renamed(node: ast.Call) -> ast.Call:
        node.func = ast.Name(name, ast.Load())
        return node

    return renamed


def followed_by(text: str) -> Becomes:
    """The statement, and these after it."""
    return lambda node: [node, *ast.parse(text).body]
