"""Small changes of the real code, each of which breaks a promise: the simulator must find every one.

    python -m tests.simulation.sabotages

plays seeds with each of them in place until something is wrong, and prints how many it took.
"""

from __future__ import annotations

import ast
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
from pathlib import Path

from tests.simulation.edits import (
    Becomes,
    Place,
    a,
    attribute,
    backwards,
    call,
    calling,
    edited,
    followed_by,
    gone,
    into,
    never,
    otherwise,
    the_last,
    the_left,
    without,
)

ROOT = Path(__file__).parents[2]

MOST_SEEDS = 250
"""So many may be needed to find one."""


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
        return ROOT.joinpath(*self.module.split(".")).with_suffix(".py")

    def tree(self) -> ast.Module:
        """The module as it is with the change. Raises `LookupError` if its place is not there."""
        return edited(self.path.read_text(), self.function, self.place, self.becomes)


SABOTAGES = (
    Sabotage(
        name="acknowledge what is not enqueued",
        module="chalicelib.pipeline.receive",
        function="receive",
        place=call("send"),
        becomes=into("IT[:0]"),
    ),
    Sabotage(
        name="no condition on the event put",
        module="chalicelib.pipeline.commit",
        function="Commit.writes",
        place=call("Write", "_event_row"),
        becomes=without("condition"),
    ),
    Sabotage(
        name="no condition on the profile put",
        module="chalicelib.pipeline.commit",
        function="Commit._unchanged",
        place=a(ast.Compare, "ProfileRow", "seq"),
        becomes=into("Row.pk.exists()"),
    ),
    Sabotage(
        name="no condition on the phone's put",
        module="chalicelib.pipeline.commit",
        function="Commit.writes",
        place=call("Write", "KeyRow"),
        becomes=without("condition"),
    ),
    Sabotage(
        name="capacity counted outside the transaction",
        module="chalicelib.pipeline.commit",
        function="Commit._load",
        place=a(ast.If, "LoadRow", "does_not_exist"),
        becomes=never,
    ),
    Sabotage(
        name="an ended conversation keeps its place",
        module="chalicelib.pipeline.commit",
        function="Commit.end",
        place=a(ast.Expr, "_move"),
        becomes=gone,
    ),
    Sabotage(
        name="the marker is not looked up",
        module="chalicelib.pipeline.deliver",
        function="Deliver._step",
        place=call("doubted"),
        becomes=into("False"),
    ),
    Sabotage(
        name="delivery writes the profile row",
        module="chalicelib.pipeline.deliver",
        function="Deliver._attempt",
        place=a(ast.Expr, "count", "delivered"),
        becomes=followed_by(
            "from chalicelib.store.keys import profile_key\n"
            "if row := context.rows.get(profile_key(absorbed.profile)):\n    self.table.put(row)\n"
        ),
    ),
    Sabotage(
        name="a sudden death puts one step in doubt",
        module="chalicelib.pipeline.delivery_ledger",
        function="Books.begin",
        place=a(ast.IfExp, "ANY_STEP", "SENDING"),
        becomes=otherwise,
    ),
    Sabotage(
        name="a lost answer settles in five seconds",
        module="chalicelib.pipeline.retry",
        function="settle",
        place=a(ast.Call, "max", "own"),
        becomes=into("5.0"),
    ),
    Sabotage(
        name="partial failures of a send are ignored",
        module="chalicelib.aws.queues",
        function="_once",
        place=a(ast.ListComp, "put"),
        becomes=into("IT[:0]"),
    ),
    Sabotage(
        name="two messages of one group in one call",
        module="chalicelib.aws.queues",
        function="_calls",
        place=a(ast.BinOp, 1),
        becomes=the_left,
    ),
    Sabotage(
        name="the sender's phone is the identity",
        module="chalicelib.channels.meta.whatsapp.scene",
        function="Scene.event",
        place=a(ast.Tuple, "user_id"),
        becomes=backwards,
    ),
    Sabotage(
        name="the event's key leaves out its kind",
        module="chalicelib.vocabulary.event",
        function="Event.key",
        place=attribute("kind"),
        becomes=into("'message'"),
    ),
    Sabotage(
        name="a 4xx is tried for ever",
        module="chalicelib.crms.http.replies",
        function="classify",
        place=call("Permanent", "http_"),
        becomes=calling("Transient"),
    ),
    Sabotage(
        name="signatures are compared after re-serialising",
        module="chalicelib.channels.signatures.body_hmac",
        function="BodyHmac.verify",
        place=attribute("body"),
        becomes=into(
            '__import__("json").dumps(__import__("json").loads(IT), separators=(",", ":"))'
            '.replace("/", "\\\\/").encode()'
        ),
    ),
    Sabotage(
        name="a wait is taken for done",
        module="chalicelib.handlers.batch",
        function="_one",
        place=a(ast.Tuple, "wait", "retry_after"),
        becomes=into("(True, IT[1])"),
    ),
    Sabotage(
        name="followers do not wait for their head",
        module="chalicelib.handlers.batch",
        function="run",
        place=a(ast.BoolOp, "time_left"),
        becomes=the_last,
    ),
    Sabotage(
        name="the relay swallows what was not accepted",
        module="chalicelib.pipeline.relay",
        function="Relay.__call__",
        place=call("append", "error"),
        becomes=into("None"),
    ),
    Sabotage(
        name="a target that refuses the probe counts as down",
        module="chalicelib.pipeline.clock.probe",
        function="_answers",
        place=a(ast.ExceptHandler, "Permanent"),
        becomes=gone,
    ),
)


class _Saboteur(importlib.abc.MetaPathFinder):
    def __init__(self, sabotage: Sabotage) -> None:
        self._sabotage = sabotage

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._sabotage.module:
            return None
        path = str(self._sabotage.path)
        return importlib.util.spec_from_file_location(name, path, loader=_Loader(name, path, self._sabotage))


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


def hunt(sabotage: Sabotage, seeds: int) -> Hunt:
    """Play up to so many seeds with a sabotage in place, in an interpreter of its own."""
    command = [sys.executable, "-m", "tests.simulation.sabotages", sabotage.name, str(seeds)]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return Hunt(sabotage=sabotage, **json.loads(done.stdout.splitlines()[-1]))


def _play(name: str, seeds: int) -> None:
    sabotage = next(one for one in SABOTAGES if one.name == name)
    sys.meta_path.insert(0, _Saboteur(sabotage))
    from tests.simulation.play import play  # noqa: PLC0415 - only now does it load what was changed

    for seed in range(seeds):
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


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _play(sys.argv[1], int(sys.argv[2]))
    else:
        _table(MOST_SEEDS)
