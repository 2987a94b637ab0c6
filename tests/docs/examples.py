"""The examples that the pages on channels and connectors give."""

import sys
import types

from tests.documents import ROOT, fences


def example(name: str, language: str, number: int = 0) -> str:
    """A block in that language of a page: the first, or the one of that number."""
    return list(fences(ROOT / "docs" / name, language))[number].text


def loaded(source: str, name: str) -> types.ModuleType:
    module = types.ModuleType(name)
    sys.modules[name] = module  # msgspec resolves the annotations of its types there
    exec(compile(source, f"{name}.py", "exec"), module.__dict__)  # noqa: S102 - our own document
    return module
