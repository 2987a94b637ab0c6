"""One change of the real code that breaks a promise."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from tests.simulation.edits import Becomes, Place, edited

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One change. place: what becomes something else, in that function of the module."""

    name: str
    module: str
    function: str
    place: Place
    becomes: Becomes

    @property
    def path(self) -> Path:
        """The module's file."""
        path = ROOT.joinpath(*self.module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def tree(self) -> ast.Module:
        """The module as it is with the change. Raises `LookupError` if its place is not there."""
        return edited(self.path.read_text(), self.function, self.place, self.becomes)
