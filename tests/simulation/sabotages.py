"""Small changes of the real code, each of which breaks a promise: the simulator must find every one.

    python -m tests.simulation.sabotages

plays seeds with each of them in place until something is wrong, and prints how many it took.
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
from pathlib import Path

ROOT = Path(__file__).parents[2]

MOST_SEEDS = 250
"""So many may be needed to find one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One change: `old` stands in the module exactly once."""

    name: str
    module: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        """The module's file."""
        return ROOT.joinpath(*self.module.split(".")).with_suffix(".py")

    def source(self) -> str:
        """The module as it is with the change."""
        whole = self.path.read_text()
        if whole.count(self.old) != 1:
            raise ValueError(
                f"{self.name}: its snippet stands {whole.count(self.old)} times in {self.module}"
            )
        return whole.replace(self.old, self.new)


SABOTAGES = (
    Sabotage(
        name="acknowledge what is not enqueued",
        module="chalicelib.pipeline.receive",
        old="    if unsent and channel.resends:\n",
        new="    unsent = []\n    if unsent and channel.resends:\n",
    ),
    Sabotage(
        name="no condition on the event put",
        module="chalicelib.pipeline.commit",
        old="Write(row=self._event_row(a), condition=Row.pk.does_not_exist())",
        new="Write(row=self._event_row(a))",
    ),
    Sabotage(
        name="no condition on the profile put",
        module="chalicelib.pipeline.commit",
        old="return ProfileRow.seq == self.before.seq",
        new="return Row.pk.exists()",
    ),
    Sabotage(
        name="no condition on the phone's put",
        module="chalicelib.pipeline.commit",
        old="Write(row=KeyRow(pk, sk, profile=pid), condition=Row.pk.does_not_exist())",
        new="Write(row=KeyRow(pk, sk, profile=pid))",
    ),
    Sabotage(
        name="capacity counted outside the transaction",
        module="chalicelib.pipeline.commit",
        old="        if change > 0:\n            condition = LoadRow",
        new="        if change > 9:\n            condition = LoadRow",
    ),
    Sabotage(
        name="an ended conversation keeps its place",
        module="chalicelib.pipeline.commit",
        old='        self._move(conversation.owner, "")\n',
        new="",
    ),
    Sabotage(
        name="the marker is not looked up",
        module="chalicelib.pipeline.deliver",
        old="if step.find and (step.look_first or books.doubted(step.name)):",
        new="if step.find and step.look_first:",
    ),
    Sabotage(
        name="delivery writes the profile row",
        module="chalicelib.pipeline.deliver",
        old='        self.count("delivered", target=target.name)\n',
        new='        self.count("delivered", target=target.name)\n'
        "        if row := context.rows.get(profile_key(absorbed.profile)):\n"
        "            self.table.put(row)\n",
    ),
    Sabotage(
        name="a sudden death puts one step in doubt",
        module="chalicelib.pipeline.ledger",
        old="doubtful = ANY_STEP if earlier.state is State.SENDING else earlier.doubtful",
        new="doubtful = earlier.doubtful",
    ),
    Sabotage(
        name="a lost answer settles in five seconds",
        module="chalicelib.pipeline.retry",
        old="_LEAST_SETTLE, _MOST_SETTLE = 60, 300",
        new="_LEAST_SETTLE, _MOST_SETTLE = 5, 5",
    ),
    Sabotage(
        name="partial failures of a send are ignored",
        module="chalicelib.aws.queues",
        old="return [call[index] for index in put(url, entries)]",
        new="return [call[index] for index in put(url, entries)][:0]",
    ),
    Sabotage(
        name="two messages of one group in one call",
        module="chalicelib.aws.queues",
        old="        after[message.group] = at + 1\n",
        new="        after[message.group] = at\n",
    ),
    Sabotage(
        name="the sender's phone is the identity",
        module="chalicelib.channels.meta.whatsapp.scene",
        old='person = next((name for name in ids if name), "")',
        new='person = next((name for name in (*named, *ids) if name), "")',
    ),
    Sabotage(
        name="the event's key leaves out its kind",
        module="chalicelib.vocabulary.event",
        old='return f"{self.channel}#{self.account}#{self.kind}#{_short(self.id)}"',
        new='return f"{self.channel}#{self.account}#message#{_short(self.id)}"',
    ),
    Sabotage(
        name="a 4xx is tried for ever",
        module="chalicelib.crms.http.replies",
        old='        raise Permanent(f"http_{status}", detail)',
        new='        raise Transient(f"http_{status}", detail)',
    ),
    Sabotage(
        name="signatures are compared after re-serialising",
        module="chalicelib.channels.signatures.body_hmac",
        old="hmac.new(key, request.body, hashlib.sha256)",
        new='hmac.new(key, __import__("json").dumps(__import__("json").loads(request.body), '
        'separators=(",", ":")).replace("/", "\\\\/").encode(), hashlib.sha256)',
    ),
    Sabotage(
        name="a wait is taken for done",
        module="chalicelib.handlers.batch",
        old="        return False, wait(error, received)\n",
        new="        return True, wait(error, received)\n",
    ),
    Sabotage(
        name="followers do not wait for their head",
        module="chalicelib.handlers.batch",
        old="        if group in stuck or ",
        new="        if ",
    ),
    Sabotage(
        name="the relay swallows what was not accepted",
        module="chalicelib.pipeline.relay",
        old="            if unsent:\n",
        new="            if unsent and len(unsent) > 99:\n",
    ),
    Sabotage(
        name="a target that refuses the probe counts as down",
        module="chalicelib.pipeline.clock.probe",
        old="        return True  # it refuses this request, so it is there\n",
        new="        return False\n",
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
        self._source = sabotage.source()

    def get_code(self, fullname: str) -> types.CodeType:
        # Compiled afresh: the cached file beside the source is of the source.
        return compile(self._source, self.path, "exec")


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
    from tests.simulation.play import play

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
