"""What may happen in a world: one thing each, drawn from the seed and put into the script."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING

from tests.simulation.dues import HELLO, SPOOFED
from tests.simulation.posts import Writer, forged, handshake, together
from tests.simulation.receivers import POISON
from tests.simulation.worlds import human

if TYPE_CHECKING:
    from tests.simulation.script import Script

MARK = "forgedmark"
CHANNELS = ("whatsapp", "whatsapp", "telegram", "twilio")


def any_of_them(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """One thing that happens."""
    scenes = list(_SCENES)
    scene = rng.choices(scenes, [_SCENES[one] for one in scenes])[0]
    scene(rng, script, writer, at)


def _word(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    kind = ""
    channel = rng.choice(CHANNELS)
    if channel == "telegram" and rng.random() < 0.4:
        kind = "contact"
    odds = rng.random()
    text = f"سلام {writer.number}" if odds < 0.8 else f"{HELLO} {writer.number}"
    if odds < 0.03:
        text = f"{POISON} {writer.number}"
    script.posts.append((at, writer.say(at, writer.anybody(), channel, kind=kind, text=text)))


def _several(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """Several things in one request, perhaps with something that nobody can read."""
    several = [writer.say(at, writer.anybody(), "whatsapp") for _ in range(rng.choice((2, 3, 5)))]
    if rng.random() < 0.1:
        # Larger than most requests, and than a queue takes once it is packed.
        several.append(writer.say(at, writer.anybody(), "whatsapp", kind="message", text=_long(rng, 250_000)))
    script.posts.append((at, together(several, unreadable=int(rng.random() < 0.3))))


def _answered(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """A customer writes, our side answers from its own phone, and perhaps they write again."""
    who = writer.anybody()
    script.posts.append((at, writer.say(at, who, "whatsapp", kind="message")))
    at += rng.choice((2.0, 60.0, 1500.0))
    kind = rng.choice(("echo", "echo", "answer"))
    script.posts.append((at, writer.say(at, who, "telegram" if kind == "answer" else "whatsapp", kind=kind)))
    if rng.random() < 0.5:
        at += rng.choice((1.0, 300.0, 4000.0, 30_000.0))
        again = writer.say(at, who, "whatsapp", kind=rng.choice(("message", "postback", "reaction")))
        script.posts.append((at, again))


def _late(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """A customer writes again when the conversation is about to be over, or just is.

    The word that comes in time may wait in the queue until the clock has looked.
    """
    who = writer.anybody()
    over = at + 2.0 + script.idle
    late = over + rng.choice((-30.0, -30.0, 5.0, 90.0))
    for moment, kind in ((at, "message"), (at + 2.0, "echo"), (late, "message")):
        script.posts.append((moment, writer.say(moment, who, "whatsapp", kind=kind)))
    if late < over:
        script.deployment = late - 1.0, over + rng.choice((200.0, 900.0))


def _forgery(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    if rng.random() < 0.2:
        known = rng.random() < 0.6
        script.posts.append((at, handshake("100001", f"{writer.number + 1_000_000}", known=known)))
    genuine = [posted for _, posted in script.posts if not posted.forged and not posted.challenge]
    if genuine:
        how = rng.choice(("altered", "respaced", "unsigned", "stranger"))
        script.posts.append((at, forged(rng.choice(genuine), how, f"{MARK}{writer.number}")))


def _moved(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """A customer has a new number; perhaps one of whom we have never heard, who writes at the same moment."""
    who = writer.anybody()
    if rng.random() < 0.5:
        who = len(writer.humans)
        writer.humans.append(human(500 + who))
        writer.number += 1
        first = at + rng.uniform(0, 0.3)
        script.posts.append(
            (first, writer.built(first, who, "whatsapp", "100001", "message", writer.number, target=0))
        )
    script.posts.append((at, writer.moved(at, who)))


def _many(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    who = writer.anybody()
    many = [writer.say(at, who, "whatsapp", kind="message") for _ in range(rng.choice((12, 45, 90)))]
    script.posts.append((at, together(many)))


def _large(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """Larger than a queue message may be, and not to be compressed."""
    text = _long(rng, 420_000)
    script.posts.append((at, writer.say(at, writer.anybody(), "whatsapp", kind="message", text=text)))


def _long(rng: random.Random, length: int) -> str:
    return base64.b64encode(rng.randbytes(length)).decode()[:length]


def _hidden(_rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """Somebody calls who shows no number, or that of a customer who uses another number of ours."""
    who = writer.anybody()
    kind = "hidden_call" if who % 2 else SPOOFED
    script.posts.append((at, writer.say(at, who, "twilio", kind=kind)))


def _unwanted(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """What became of a message, to an account that does not want to know; a post in our own channel."""
    who = writer.anybody()
    if rng.random() < 0.4:
        script.posts.append((at, writer.say(at, who, "telegram", kind="post")))
        return
    channel = rng.choice(("whatsapp", "twilio"))
    account = "100001" if channel == "whatsapp" else "982100000009"
    writer.number += 1
    kind = rng.choice(("delivered", "read"))
    unwanted = writer.built(at, who, channel, account, kind, writer.number, target=writer.number)
    script.posts.append((at, unwanted))


def rush(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """Everybody writes at the same moment, on all channels."""
    for who in range(writer.known):
        for channel in rng.sample(("whatsapp", "telegram", "twilio"), rng.choice((1, 2, 3))):
            kind = "contact" if channel == "telegram" else "message"
            moment = at + rng.uniform(0, 0.1)
            script.posts.append((moment, writer.say(moment, who, channel, kind=kind)))


def _statuses_first(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """What became of a message of ours is told before the message itself."""
    who = writer.anybody()
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


def _changed_sender(rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """The same event twice, its sender named by phone and by business-scoped id."""
    who = writer.anybody()
    writer.number += 1
    number, delay = writer.number, rng.choice((0.0, 0.0, 0.05, 3.0, 500.0, 90_000.0))
    for wait, shown in ((0.0, "phone"), (delay, rng.choice(("bsuid", "bsuid", "both")))):
        posted = writer.built(at, who, "whatsapp", "100001", "message", number, target=0, shown=shown)
        script.posts.append((at + wait, posted))


def _same_id(_rng: random.Random, script: Script, writer: Writer, at: float) -> None:
    """A message, and its edit under the same id."""
    who = writer.anybody()
    writer.number += 1
    for delay, kind in ((0.0, "message"), (2.0, "edit")):
        posted = writer.built(
            at + delay, who, "whatsapp", "100001", kind, writer.number, target=writer.number
        )
        script.posts.append((at + delay, posted))


_SCENES = {
    _word: 0.36,
    _answered: 0.14,
    _several: 0.14,
    _statuses_first: 0.06,
    _changed_sender: 0.08,
    _forgery: 0.08,
    _moved: 0.05,
    _same_id: 0.03,
    _unwanted: 0.05,
    _many: 0.02,
    _large: 0.015,
    _hidden: 0.015,
    rush: 0.02,
    _late: 0.03,
}
