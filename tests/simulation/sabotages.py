"""Small changes of the real code, each of which breaks a promise: the simulator must find every one.

    python -m tests.simulation.sabotages

plays seeds with each of them in place until something is wrong, prints how many it took, and keeps the seeds
in `sabotages.txt`, so that the tests need one world for each.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
import types
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.simulation.sabotage import ROOT, Sabotage
from tests.simulation.sabotages_front import FRONT
from tests.simulation.sabotages_path import PATH
from tests.simulation.sabotages_people import PEOPLE
from tests.simulation.sabotages_targets import TARGETS

SABOTAGES = (*PATH, *FRONT, *PEOPLE, *TARGETS)

MOST_SEEDS = 250
"""So many may be needed to find one."""


class _Saboteur(importlib.abc.MetaPathFinder):
    def __init__(self, sabotage: Sabotage) -> None:
        self._sabotage = sabotage

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._sabotage.module:
            return None
        path = str(self._sabotage.path)
        inside = [str(self._sabotage.path.parent)] if path.endswith("__init__.py") else None
        loader = _Loader(name, path, self._sabotage)
        return importlib.util.spec_from_file_location(
            name, path, loader=loader, submodule_search_locations=inside
        )


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, name: str, path: str, sabotage: Sabotage) -> None:
        super().__init__(name, path)
        self._tree = sabotage.tree()

    def get_code(self, fullname: str) -> types.CodeType:
        # Compiled afresh: the cached file beside the source is of the source.
        return compile(self._tree, self.path, "exec")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunt:
    """How a sabotage was found. seeds: how many it took, None if it was not."""

    sabotage: Sabotage
    seeds: int | None
    found: str


KNOWN: dict[str, int] = {
    name: int(seed)
    for name, seed in (
        line.split(" | ") for line in (ROOT / "tests/simulation/sabotages.txt").read_text().splitlines()
    )
}
"""The seeds in which each was found when they were last looked for."""


def hunt(sabotage: Sabotage, seeds: int, *, first: int = 0) -> Hunt:
    """Play up to so many seeds with a sabotage in place, in an interpreter of its own.

    first: a seed that is played before those from 0 on.
    """
    name = sabotage.name
    command = [sys.executable, "-m", "tests.simulation.sabotages", name, str(seeds), str(first)]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return Hunt(sabotage=sabotage, **json.loads(done.stdout.splitlines()[-1]))


def _play(name: str, seeds: int, first: int) -> None:
    sabotage = next(one for one in SABOTAGES if one.name == name)
    sys.meta_path.insert(0, _Saboteur(sabotage))
    from tests.simulation.play import play  # noqa: PLC0415 - only now does it load what was changed

    for seed in (first, *(seed for seed in range(seeds) if seed != first)):
        verdict = play(seed)
        if verdict.faults:
            print(json.dumps({"seeds": seed + 1, "found": verdict.faults[0][:300]}))
            return
    print(json.dumps({"seeds": None, "found": ""}))


def _table(seeds: int) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for hunted in pool.map(lambda sabotage: hunt(sabotage, seeds), SABOTAGES):
            check = hunted.found.partition(":")[0].replace("_", " ")
            print(f"| {hunted.sabotage.name} | {hunted.seeds or 'not found'} | {check} |", flush=True)
            if hunted.seeds:
                KNOWN[hunted.sabotage.name] = hunted.seeds - 1
    lines = [
        f"{sabotage.name} | {KNOWN[sabotage.name]}\n" for sabotage in SABOTAGES if sabotage.name in KNOWN
    ]
    (ROOT / "tests/simulation/sabotages.txt").write_text("".join(lines))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _play(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        _table(MOST_SEEDS)
