"""What happens in a world from outside: who writes when, what is sent again, who pushes and who closes."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from tests.simulation.clock import START
from tests.simulation.posts import SPOOFED, Posted, Writer, forged, together
from tests.simulation.receivers import POISON
from tests.simulation.worlds import World

MARK = "forgedmark"

_CHANNELS = ("whatsapp", "whatsapp", "telegram", "twilio")
_AGAIN = (0.5, 40, 200, 400, 3600, 26 * 3600, 6 * 86_400, 25 * 86_400)


@dataclass(slots=True, kw_only=True)
class Script:
    """Everything with its time. closes: when an operator closes one; pushes: new configurations."""

    posts: list[tuple[float, Posted]] = field(default_factory=list)
    closes: list[float] = field(default_factory=list)
    pushes: list[float] = field(default_factory=list)
    key_changes: list[tuple[float, float]] = field(default_factory=list)
    deployment: tuple[float, float] = (0.0, 0.0)
    ends: float = START


def drawn(rng: random.Random, world: World) -> Script:
    """A script from the seed."""
    script = Script()
    length = rng.choice((60, 1200, 3 * 3600, 12 * 3600, 40 * 3600))
    script.ends = START + length
    moments = [START + rng.uniform(0, length) for _ in range(rng.choice((1, 2, 3, 5)))]
    writer = Writer(rng, world.humans)
    if rng.random() < 0.3:
        _rush(rng, script, writer, moments[0])
    times = sorted(rng.choice(moments) + rng.expovariate(0.3) for _ in range(rng.choice((3, 6, 10, 16))))
    for at in times:
        _scene(rng, script, writer, at)
    for at, posted in list(script.posts):
        if rng.random() < 0.3 and not posted.forged:
            _again(rng, script, at, posted)
    if rng.random() < 0.4:
        script.pushes = sorted(rng.uniform(START, script.ends) for _ in range(rng.choice((1, 2, 4))))
    if rng.random() < 0.4:
        script.closes = [rng.choice(moments) + rng.uniform(0, 900) for _ in range(rng.choice((1, 2)))]
    if rng.random() < 0.2:
        since = rng.choice(moments) + rng.uniform(-60, 60)
        script.deployment = (since, since + rng.choice((20, 180, 1500)))
    if rng.random() < 0.2:
        since = rng.choice(moments) + rng.uniform(-60, 600)
        script.key_changes = [(since, since + rng.choice((0, 60, 900)))]
    return script


def _scene(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """One thing that happens."""
    who = rng.randrange(len(writer.humans))
    odds = rng.random()
    if odds < 0.45:
        kind = ""
        channel = rng.choice(_CHANNELS)
        if channel == "telegram" and rng.random() < 0.4:
            kind = "contact"
        text = f"{POISON} {writer.number}" if rng.random() < 0.03 else f"سلام {writer.number}"
        script.posts.append((at, writer.say(at, who, channel, kind=kind, text=text)))
    elif odds < 0.6:
        several = [
            writer.say(at, rng.randrange(len(writer.humans)), "whatsapp")
            for _ in range(rng.choice((2, 3, 5)))
        ]
        script.posts.append((at, together(several, unreadable=int(rng.random() < 0.2))))
    elif odds < 0.68:
        _statuses_first(rng, script, writer, at, who)
    elif odds < 0.76:
        _changed_sender(rng, script, writer, at, who)
    elif odds < 0.84 and script.posts:
        genuine = [posted for _, posted in script.posts if not posted.forged]
        how = rng.choice(("altered", "respaced", "unsigned", "stranger"))
        script.posts.append((at, forged(rng.choice(genuine), how, f"{MARK}{writer.number}")))
    elif odds < 0.89:
        script.posts.append((at, writer.moved(at, who)))
    elif odds < 0.93:
        _same_id(script, writer, at, who)
    elif odds < 0.95:
        many = [writer.say(at, who, "whatsapp", kind="message") for _ in range(rng.choice((12, 45, 90)))]
        script.posts.append((at, together(many)))
    elif odds < 0.97:
        # Larger than a queue message may be, and not to be compressed.
        text = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=420_000))
        script.posts.append((at, writer.say(at, who, "whatsapp", kind="message", text=text)))
    elif odds < 0.98:
        # A forger shows the number of a customer who never calls there themselves: the two would be one.
        kind = SPOOFED if odds < 0.975 and who % 2 == 0 else "hidden_call"
        script.posts.append((at, writer.say(at, who, "twilio", kind=kind)))
    else:
        _rush(rng, script, writer, at)


def _rush(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """Everybody writes at the same moment, on all channels."""
    for who in range(len(writer.humans)):
        for channel in rng.sample(("whatsapp", "telegram", "twilio"), rng.choice((1, 2, 3))):
            kind = "contact" if channel == "telegram" else "message"
            moment = at + rng.uniform(0, 0.1)
            script.posts.append((moment, writer.say(moment, who, channel, kind=kind)))


def _statuses_first(rng: random.Random, script: Script, writer: Writer, at: float, who: int) -> None:
    """What became of a message of ours is told before the message itself."""
    writer.number += 1
    number = writer.number
    for delay, kind in ((0.0, "read"), (0.2, "delivered"), (rng.uniform(0.3, 90), "echo")):
        writer.number += 1
        posted = writer.built(
            at + delay,
            who,
            "whatsapp",
            "100002",
            kind,
            number if kind == "echo" else writer.number,
            target=number,
        )
        script.posts.append((at + delay, posted))


def _changed_sender(rng: random.Random, script: Script, writer: Writer, at: float, who: int) -> None:
    """The same event twice, its sender named by phone and by business-scoped id."""
    writer.number += 1
    number, delay = writer.number, rng.choice((0.0, 0.0, 0.05, 3.0, 500.0, 90_000.0))
    for wait, shown in ((0.0, "phone"), (delay, rng.choice(("bsuid", "bsuid", "both")))):
        posted = writer.built(at + wait, who, "whatsapp", "100001", "message", number, target=0, shown=shown)
        script.posts.append((at + wait, posted))


def _same_id(script: Script, writer: Writer, at: float, who: int) -> None:
    """A message, and its edit under the same id."""
    writer.number += 1
    for delay, kind in ((0.0, "message"), (2.0, "edit")):
        posted = writer.built(
            at + delay, who, "whatsapp", "100001", kind, writer.number, target=writer.number
        )
        script.posts.append((at + delay, posted))


def _again(rng: random.Random, script: Script, at: float, posted: Posted) -> None:
    """The platform sends it once more, perhaps together with others."""
    later = at + rng.choice(_AGAIN)
    if posted.channel == "whatsapp" and rng.random() < 0.5:
        others = [p for _, p in script.posts if p.channel == "whatsapp" and not p.forged and not p.unreadable]
        batch = [posted, *rng.sample(others, min(len(others), 2))]
        rng.shuffle(batch)
        again = together(batch)
        script.posts.append((later, replace(again, words=f"again: {again.words}")))
    else:
        script.posts.append((later, replace(posted, words=f"again: {posted.words}")))
