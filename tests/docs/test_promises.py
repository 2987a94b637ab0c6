"""Each promise of the README is tried where it says.

`@pytest.mark.promise("Once")`, the promise's first words, stands on a test that fails when it is broken.
"""

import inspect
import re
from collections import defaultdict
from importlib import import_module

import pytest

from tests.documents import README, ROOT, table


def first_words(promise: str) -> str:
    return re.split(r"[:,(]", promise)[0].strip()


def trials() -> dict[str, set[str]]:
    """Per promise, the files with tests of it that pytest collects and does not skip."""
    found = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        if "pytest.mark.promise(" not in path.read_text():
            continue
        name = str(path.relative_to(ROOT))
        module = import_module(name.removesuffix(".py").replace("/", "."))
        for test in vars(module).values():
            marks = getattr(test, "pytestmark", [])
            if not inspect.isfunction(test) or not test.__name__.startswith("test_"):
                continue
            if not {mark.name for mark in marks} & {"skip", "skipif", "xfail"}:
                for mark in marks:
                    if mark.name == "promise":
                        found[mark.args[0]].add(name)
    return found


GIVEN = {first_words(promise): cell for promise, cell in table(README, "promise")}


@pytest.fixture(scope="module")
def tried() -> dict[str, set[str]]:
    return trials()


@pytest.mark.parametrize("promise", GIVEN)
def test_each_promise_is_tried_where_the_readme_says(tried: dict[str, set[str]], promise: str) -> None:
    assert set(re.findall(r"`([^`]+)`", GIVEN[promise])) == tried[promise]


def test_every_promise_that_is_tried_is_given(tried: dict[str, set[str]]) -> None:
    assert set(tried) == set(GIVEN)
