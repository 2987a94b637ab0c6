"""A sabotage finds its place in code that was formatted anew or renamed, and never misses it in silence."""

from __future__ import annotations

import ast

import pytest

from tests.simulation.edits import a, attribute, call, edited, gone, into, never, without

CODE = """
class Commit:
    def writes(self):
        rows = [Write(row=self._row(a), condition=absent()) for a in self.absorbed]
        if rows:
            self.count(rows.kind)
        return rows
"""


def after(source, *edit):
    return ast.unparse(edited(source, "Commit.writes", *edit))


def test_an_argument_is_left_out():
    assert "[Write(row=self._row(a)) for a in self.absorbed]" in after(
        CODE, call("Write"), without("condition")
    )


@pytest.mark.parametrize(
    "source",
    [
        CODE.replace("rows", "all_of_them").replace("(a)", "(each)").replace(" a in", " each in"),
        CODE.replace(
            "row=self._row(a), condition=absent()", "condition=absent(),\n            row=self._row(a),"
        ),
        "import this\n\n" + CODE,
    ],
    ids=["renamed", "formatted", "moved"],
)
def test_it_is_found_in_code_that_was(source):
    assert "condition" not in after(source, call("Write", "_row"), without("condition"))


def test_an_expression_becomes_another_around_it():
    assert "rows.kind[:0]" in after(CODE, attribute("kind"), into("IT[:0]"))


def test_a_branch_is_never_taken():
    assert "if False:" in after(CODE, a(ast.If, "count"), never)


@pytest.mark.parametrize("function", ["Commit.reads", "writes", "Committed.writes"])
def test_a_function_that_is_not_there(function):
    with pytest.raises(LookupError):
        edited(CODE, function, a(ast.If), gone)


@pytest.mark.parametrize("place", [call("Read"), a(ast.Name), a(ast.If, "nobody")])
def test_no_place_and_more_than_one_are_errors(place):
    with pytest.raises(LookupError, match="places"):
        edited(CODE, "Commit.writes", place, into("None"))


def test_a_change_that_changes_nothing_is_an_error():
    with pytest.raises(LookupError, match="nothing is changed"):
        edited(CODE, "Commit.writes", call("Write"), without("index"))
