"""Playing seeds: one to its verdict, or many with what they took."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from tests.simulation.hub import Simulation, moment, simulation
from tests.simulation.judge import judge

_LONGEST_STORY = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a seed. story: readable, only if something was wrong."""

    seed: int
    faults: tuple[str, ...]
    struck: Counter[str]
    events: int
    story: str = ""


def play(seed: int) -> Verdict:
    """One world from its first post to its judgement."""
    sim = simulation(seed)
    with sim.installed():
        sim.run()
    faults = tuple(judge(sim))
    return Verdict(
        seed=seed,
        faults=faults,
        struck=sim.weather.struck,
        events=sum(1 for _, sk in sim.aws.dynamo.items if sk == "EVENT"),
        story=told(sim, faults) if faults else "",
    )


def story(seed: int) -> str:
    """The story of one world, whole, whatever its end."""
    sim = simulation(seed)
    with sim.installed():
        sim.run()
    return told(sim, tuple(judge(sim)), longest=1_000_000)


def told(sim: Simulation, faults: tuple[str, ...], *, longest: int = _LONGEST_STORY) -> str:
    """The story of a world: who and what there is, what happened in order, and what is wrong at the end."""
    weather = sim.weather
    lines = [f"Seed {sim.seed}"]
    lines.append(
        f"  {len(sim.world.humans)} customers; "
        + ", ".join(
            f"{p.id} ({p.capacity}, {p.hours or 'always'})" for p in sim.world.configuration.directory.people
        )
        + f"; idle {sim.world.configuration.routing.idle} min"
    )
    lines.append(
        f"  faults: {weather.rate:.3f} of calls to AWS, {weather.target_rate:.2f} to the CRMs,"
        f" {weather.deaths:.3f} deaths; until {moment(weather.ends)}"
    )
    lines += [f"  {o.service} is {o.kind} {moment(o.begins)} to {moment(o.ends)}" for o in weather.outages]
    begins, ends = sim.script.deployment
    if ends:
        lines.append(f"  a deployment from {moment(begins)} to {moment(ends)}")
    happened = sim.story
    left_out = len(happened) - longest
    if left_out > 0:
        happened = happened[: longest // 2] + happened[-longest // 2 :]
        lines.append(f"  ({left_out} lines in the middle are left out)")
    lines += [f"  {moment(at)}  {what}" for at, what in happened]
    lines += [f"  WRONG  {fault}" for fault in faults]
    return "\n".join(lines)


def fingerprint(seed: int) -> str:
    """A short word for all that happens in a world and all that is left: the same for the same world."""
    sim = simulation(seed)
    with sim.installed():
        sim.run()
    left = sorted(sim.aws.dynamo.items.items())
    return hashlib.sha256(repr((sim.story, sim.edges.logs, left)).encode()).hexdigest()
