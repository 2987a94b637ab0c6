"""What happens in a world from outside: who writes when, what is sent again, who pushes and who closes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from tests.simulation import scenes
from tests.simulation.clock import START
from tests.simulation.posts import Posted, Writer, retired, together
from tests.simulation.worlds import World, human

KEPT = 406
"""Days after which an event is gone: those for which it is kept, and the days DynamoDB takes."""

_AGAIN = (0.5, 40, 200, 400, 3600, 26 * 3600, 6 * 86_400, 25 * 86_400)


@dataclass(slots=True, kw_only=True)
class Script:
    """Everything with its time, Unix seconds.

    posts: what is posted.
    closes: when an operator looks at a conversation, and when they close it.
    pushes: when a new configuration comes.
    key_changes: since when a credential of ours is refused, and when we have the new one.
    deployment: since when some functions are newer, and when all are.
    rotation: when Meta and the receiver begin to use their new secret, and when we forget the old one.
    flood: how many strangers write at once.
    idle: seconds after which a conversation is over.
    forgotten: when the table has removed what nobody needs any more.
    ends: when nothing new happens any more.
    """

    posts: list[tuple[float, Posted]] = field(default_factory=list)
    closes: list[tuple[float, float]] = field(default_factory=list)
    pushes: list[float] = field(default_factory=list)
    key_changes: list[tuple[float, float]] = field(default_factory=list)
    deployment: tuple[float, float] = (0.0, 0.0)
    rotation: tuple[float, float] = (0.0, 0.0)
    flood: int = 0
    idle: float = 0.0
    forgotten: float = 0.0
    ends: float = START


def drawn(rng: random.Random, world: World) -> Script:
    """A script from the seed."""
    script = Script(idle=world.configuration.routing.idle * 60.0)
    length = rng.choice((60, 1200, 3 * 3600, 12 * 3600, 40 * 3600))
    script.ends = START + length
    moments = [START + rng.uniform(0, length) for _ in range(rng.choice((1, 2, 3, 5)))]
    writer = Writer(rng, world.humans)
    if rng.random() < 0.3:
        scenes.rush(rng, script, writer, moments[0])
    times = sorted(rng.choice(moments) + rng.expovariate(0.3) for _ in range(rng.choice((3, 6, 10, 16))))
    for at in times:
        scenes.any_of_them(rng, script, writer, at)
    for at, posted in list(script.posts):
        if rng.random() < 0.3 and not posted.forged and not posted.challenge:
            _again(rng, script, at, posted)
    if rng.random() < 0.4:
        script.pushes = sorted(rng.uniform(START, script.ends) for _ in range(rng.choice((1, 2, 4))))
    if rng.random() < 0.4:
        for _ in range(rng.choice((1, 2))):
            seen = rng.choice(moments) + rng.uniform(0, 900)
            script.closes.append((seen, seen + rng.choice((0, 0, 5, 120, 1800, 6000, 30_000, 90_000))))
    if rng.random() < 0.2:
        since = rng.choice(moments) + rng.uniform(-60, 60)
        script.deployment = (since, since + rng.choice((20, 180, 1500)))
    if rng.random() < 0.2:
        since = rng.choice(moments) + rng.uniform(-60, 600)
        script.key_changes = [(since, since + rng.choice((0, 60, 900)))]
    if rng.random() < 0.2:
        _rotation(rng, script, moments)
    if rng.random() < 0.012:
        _flood(script, writer, moments[0])
    if rng.random() < 0.04:
        _return(rng, script, writer)
    return script


def _return(rng: random.Random, script: Script, writer: Writer) -> None:
    """Somebody writes again when what they said the first time is kept no more."""
    script.forgotten = script.ends + KEPT * 86_400
    for _ in range(rng.choice((1, 3))):
        at = script.forgotten + rng.uniform(3600, 86_400)
        script.posts.append((at, writer.say(at, writer.anybody(), rng.choice(scenes.CHANNELS))))


def _rotation(rng: random.Random, script: Script, moments: list[float]) -> None:
    """New secrets, the old ones good until all know; later somebody signs with an old one."""
    since = rng.choice(moments) + rng.uniform(-60, 600)
    script.rotation = since, since + rng.choice((60, 1200))
    signed = [p for _, p in script.posts if p.channel == "whatsapp" and not p.forged and not p.challenge]
    if signed:
        script.posts.append((script.rotation[1] + 3 * 3600, retired(rng.choice(signed), scenes.MARK)))


def _flood(script: Script, writer: Writer, at: float) -> None:
    """More strangers at once than a batch of the stream holds."""
    script.flood = 120
    many = []
    for number in range(script.flood):
        writer.humans.append(human(1000 + number))
        many.append(writer.say(at, writer.known + number, "whatsapp", kind="message"))
    script.posts.append((at, together(many)))


def _again(rng: random.Random, script: Script, at: float, posted: Posted) -> None:
    """The platform sends it once more, perhaps together with others."""
    later = at + rng.choice(_AGAIN)
    if posted.channel == "whatsapp" and rng.random() < 0.5:
        others = [
            p
            for _, p in script.posts
            if p.channel == "whatsapp" and not p.forged and p.due and not p.unreadable
        ]
        batch = [posted, *rng.sample(others, min(len(others), 2))]
        rng.shuffle(batch)
        again = together(batch)
        script.posts.append((later, replace(again, words=f"again: {again.words}")))
    else:
        script.posts.append((later, replace(posted, words=f"again: {posted.words}")))
