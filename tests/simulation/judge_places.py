"""What lies in the bucket against what was posted, and every word of the world against every log line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chalicelib.configuration.accounts import decode_accounts
from chalicelib.configuration.stored import COPY
from chalicelib.pipeline.set_aside import QUARANTINE, UNDELIVERED, unpack_quarantined
from chalicelib.store.packing import unpack_intake
from tests.simulation import worlds
from tests.simulation.found import Found
from tests.simulation.hub import Simulation
from tests.simulation.operators import CRM_SECRET, KEYS, NEW_CRM_SECRET


def quarantined(sim: Simulation, read: Found) -> Iterator[str]:
    """Each genuine request with something unreadable lies there whole, and nothing else does."""
    del read
    lies: dict[bytes, int] = {}
    for key, kept in sim.aws.objects.items():
        if key.startswith(QUARANTINE):
            one = unpack_quarantined(kept)
            lies[one.body] = len(one.fragments)
            if one.key != key or one.channel != "whatsapp" or not one.content_type:
                yield f"{key} is of {one.channel} {one.account}"
            for part in one.fragments:
                if b"wamid.broken" not in part.fragment or not part.reason or not part.where:
                    yield f"{key} holds the fragment {part.fragment[:60]!r}: {part.reason} at {part.where}"
    genuine = [a for a in sim.platforms.answers if not a.posted.forged and a.posted.unreadable]
    for answered in genuine:
        found = lies.get(answered.posted.post.body)
        if 200 <= answered.status < 300 and found != answered.posted.unreadable:
            wanted = answered.posted.unreadable
            yield f"of {answered.posted.words[:200]} {found} fragments are kept, not {wanted}"
    bodies = {answered.posted.post.body for answered in genuine}
    yield from (f"{body[:80]!r} is kept, and was posted by nobody" for body in lies if body not in bodies)


def bucket(sim: Simulation, read: Found) -> Iterator[str]:
    """What else lies there is an event that was posted, whole."""
    posted = {due.key for answered in sim.platforms.answers for due in answered.posted.due}
    whole = {absorbed.event.extra.get("whole") for absorbed in read.events.values()}
    for key, kept in sim.aws.objects.items():
        if key.startswith("oversize/event-"):
            # A commit that failed may have left one; its event is there all the same, or came again.
            if key not in whole and key.removeprefix("oversize/event-") not in {
                absorbed.event.reference for absorbed in read.events.values()
            }:
                yield f"{key} is of no event"
        elif key.startswith("oversize/"):
            events = unpack_intake(bytes((sim.packed_as,)) + kept[1:]).events
            if not events or any(event.key not in posted for event in events):
                yield f"{key} holds {[event.key for event in events]}"
        elif key == COPY:
            if decode_accounts({"accounts": kept}).version != sim.configuration.version:
                yield f"{key} is not of the version in force"
        elif not key.startswith((QUARANTINE, UNDELIVERED)):
            yield f"nobody knows what {key} is"


def genuine_refused(sim: Simulation, read: Found) -> Iterator[str]:
    """What a platform signed with a good secret is never refused, and a handshake is answered as it asks."""
    del read
    for answered in sim.platforms.answers:
        posted = answered.posted
        if posted.forged:
            continue
        if 400 <= answered.status < 500 or answered.status == 500:
            yield f"{posted.words[:200]} was answered {answered.status}"
        if posted.challenge and answered.status == 200 and answered.body != posted.challenge:
            yield f"a handshake was answered {answered.body!r}, not {posted.challenge!r}"


def logs(sim: Simulation, read: Found) -> Iterator[str]:
    """No log line holds a name, number, id, word, token or secret of the world."""
    del read
    words = {
        "سلام",
        "مشتری",
        "Hello, how",
        "آزمون",
        worlds.NEW_META_SECRET,
        CRM_SECRET,
        NEW_CRM_SECRET,
        *KEYS,
    }
    words |= {value for secret in worlds.SECRETS.values() for values in secret.values() for value in values}
    dues = [due for answered in sim.platforms.answers for due in answered.posted.due]
    numbers = {due.phone.removeprefix("+98") for due in dues} | {
        due.identity.rpartition("#")[2] for due in dues
    }
    numbers |= {due.key.rpartition("#")[2].partition(":")[0] for due in dues if due.kind != "call"}
    words |= {number for number in numbers if len(number) > 8}
    words |= {a.posted.post.headers[name] for a in sim.platforms.answers for name in a.posted.post.headers
              if "signature" in name or "token" in name}  # fmt: skip
    lines = (*sim.edges.logs, *(error for _, error in sim.lambdas.crashes))
    whole = "\n".join(lines)
    quoted = [word for word in sorted(words) if word and word in whole]
    said: Counter[str] = Counter()
    for line in lines:
        said.update(f"{line[:160]} … quotes {word[:20]!r}" for word in quoted if word in line)
    yield from (f"{times} log lines: {line}" for line, times in said.most_common(3))
