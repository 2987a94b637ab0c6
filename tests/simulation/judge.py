"""The promises, held against a world that has come to rest. Each check says what it found wrong."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

from chalicelib.vocabulary.event import Kind
from tests.simulation import (
    judge_contents,
    judge_crms,
    judge_people,
    judge_places,
    judge_targets,
    judge_waiting,
)
from tests.simulation.dues import Due
from tests.simulation.found import Found, found
from tests.simulation.hub import Simulation, moment
from tests.simulation.platforms import Answered
from tests.simulation.scenes import MARK

_HORIZON = 80 * 3600
_MOST_REFUSALS = 5
"""Of one event: a worker may die before it has booked one."""


def judge(sim: Simulation) -> list[str]:
    """Everything that was promised and is not so."""
    read = found(sim)
    return [f"{check.__name__}: {fault}" for check in CHECKS for fault in check(sim, read)]


def acknowledged(sim: Simulation, read: Found) -> Iterator[str]:
    """What was answered 2xx is in the table, or in the quarantine; what is there was sent by somebody."""
    sent: dict[str, set[str]] = defaultdict(set)
    for answered in sim.platforms.answers:
        for due in answered.posted.due:
            sent[due.key].add(due.identity)
    for answered in _accepted(sim):
        for due in answered.posted.due:
            if due.wanted and due.key not in read.events:
                yield f"{due.key} was acknowledged at {moment(answered.answered_at)} and is nowhere"
            if not due.wanted and due.key in read.events:
                yield f"{due.key} was not wanted and is kept"
    for key, absorbed in read.events.items():
        customer = absorbed.event.customer.key
        if not key.startswith("hub#") and customer not in sent[key]:
            yield f"{key} is of {customer}, and was sent by {sent[key] or 'nobody'}"
        if absorbed.event.key != key:
            yield f"{absorbed.event.key} lies under {key}"
        if not absorbed.consequence.decision.outcome:
            yield f"{key} has no decision"


def ordered(sim: Simulation, read: Found) -> Iterator[str]:
    """Of one customer's identity, what was acknowledged before another was received comes before it."""
    sendings: dict[str, list[tuple[Answered, int, Due]]] = defaultdict(list)
    for answered in sim.platforms.answers:
        for place, due in enumerate(answered.posted.due):
            sendings[due.key].append((answered, place, due))
    by_identity: dict[str, list[str]] = defaultdict(list)
    for key, times in sendings.items():
        names = {due.identity for _, _, due in times}
        # An event of which a copy waited in the bucket may be late: docs/decisions names the exception.
        if len(names) == 1 and key in read.events and not any(a.late for a, _, _ in times):
            by_identity[names.pop()].append(key)
    for identity, keys in by_identity.items():
        for first in keys:
            acks = [a for a, _, _ in sendings[first] if 200 <= a.status < 300]
            if not acks:
                continue
            acked = min(a.answered_at for a in acks)
            for second in keys:
                if acked < min(a.sent_at for a, _, _ in sendings[second]):
                    one, other = read.events[first], read.events[second]
                    if one.profile == other.profile and (one.seq, one.index) > (other.seq, other.index):
                        yield f"{identity}: {first} was acknowledged before {second} came, and follows it"


def delivered(sim: Simulation, read: Found) -> Iterator[str]:
    """Each delivery is done, or parked for a reason that holds; nothing is left over."""
    for absorbed in read.events.values():
        for target in absorbed.targets:
            ledger = read.ledgers.get((absorbed.event.key, target))
            if ledger is None or ledger.state not in ("done", "parked"):
                yield f"{absorbed.event.key} to {target} is {ledger.state if ledger else 'not begun'}"
            elif ledger.state == "parked":
                age = ledger.since.timestamp() - absorbed.committed_at.timestamp()
                refused = target == "crm" and absorbed.event.reference in sim.crm.refused
                alone = judge_targets.refused_alone(sim, read, absorbed, target, ledger.since.timestamp())
                if not ledger.reason or not (refused or age > _HORIZON or alone):
                    yield f"{absorbed.event.key} to {target} was parked after {age:.0f} s: {ledger.reason}"


def settled(sim: Simulation, read: Found) -> Iterator[str]:
    """Nothing waits, nothing is dead, nothing is cut off, and nothing refused was tried for ever."""
    for queue in sim.aws.queues.values():
        for name, left in (("waits", queue.messages), ("is dead", queue.dead), ("expired", queue.expired)):
            if left:
                yield f"{len(left)} in {queue.name}: the first {name}, received {left[0].receives} times"
    for reference, times in sim.crm.refused.items():
        if times > _MOST_REFUSALS:
            yield f"{reference} was refused for ever, and tried {times} times"
    if sim.stream.lost or sim.stream.waiting:
        yield f"the stream lost {len(sim.stream.lost)} records and holds {sim.stream.waiting}"
    if any(key.startswith("undelivered/") for key in sim.aws.objects):
        yield "the front door's messages still lie in the bucket"
    if sim.timed_out:
        yield "the world never came to rest"
    for name, state in read.breakers.items():
        if state != "closed":
            yield f"{name} is still cut off: {state}"
    for name, mapping in sim.aws.mappings.items():
        if not mapping.enabled:
            yield f"the mapping of {name} is disabled"


def owed_right(sim: Simulation, read: Found) -> Iterator[str]:
    """Each event is owed to those whom a configuration of the last minutes names."""
    usual = {str(kind) for kind in Kind if kind is not Kind.STATUS}
    for key, absorbed in read.events.items():
        event, at = absorbed.event, absorbed.committed_at.timestamp()
        recent = sim.recent_stages(at)
        right = [
            tuple(
                t.name
                for t in configuration.targets
                if event.kind in (t.kinds or usual) and not event.customer.own
            )
            for configuration in recent
        ]
        if absorbed.targets not in right:
            yield f"{key} is owed to {absorbed.targets}, not to {right}"


def humans(sim: Simulation, read: Found) -> Iterator[str]:
    """No profile is two people; what a verified phone ties at first sight is one profile."""
    first: dict[str, tuple[tuple[int, int], Due]] = {}
    who: dict[str, set[int]] = defaultdict(set)
    for answered in sim.platforms.answers:
        for due in answered.posted.due:
            profile = read.identities.get(due.identity)
            absorbed = read.events.get(due.key)
            if profile is None or absorbed is None:
                continue
            who[profile].add(due.human)
            before = read.identities.get(due.previous, "")
            if due.previous and before != profile and before not in read.profiles[profile].collisions:
                yield f"{due.identity} was {due.previous}, {before or 'nobody'}'s, and is {profile}'s"
            if absorbed.event.customer.key == due.identity:
                place = absorbed.seq, absorbed.index
                if due.identity not in first or place < first[due.identity][0]:
                    first[due.identity] = place, due
    for profile, several in who.items():
        if len(several) > 1:
            yield f"profile {profile} is customers {sorted(several)}"
    for identity, (_, due) in first.items():
        holder = read.keys.get(f"phone#{due.phone}", "")
        mine = read.identities[identity]
        if due.phone and holder != mine and holder not in read.profiles[mine].collisions:
            yield f"{identity} came with {due.phone}, which is {holder or 'nobody'}'s, and is {mine}'s"


def linked(sim: Simulation, read: Found) -> Iterator[str]:
    """Identities and keys point at profiles that know of them, and the other way round."""
    for kind, rows in (("identities", read.identities), ("keys", read.keys)):
        for name, profile in rows.items():
            if profile not in read.profiles:
                yield f"{name} points at {profile}, which does not exist"
            elif name not in getattr(read.profiles[profile], kind):
                yield f"{name} points at {profile}, which does not know it"
        for profile, known in read.profiles.items():
            for name in getattr(known, kind):
                if rows.get(name) != profile:
                    yield f"{profile} knows {name}, which points at {rows.get(name)}"
    for absorbed in read.events.values():
        if absorbed.profile not in read.profiles:
            yield f"{absorbed.event.key} belongs to {absorbed.profile}, which does not exist"
        customer = absorbed.event.customer
        if customer.scope != "@profile" and customer.key not in read.identities:
            yield f"{absorbed.event.key} is of {customer.key}, which is nobody's"


def counted(sim: Simulation, read: Found) -> Iterator[str]:
    """A profile's counters and number of commits are those of its events."""
    for name, profile in read.profiles.items():
        mine = read.of(name)
        kinds = Counter(a.event.kind.value for a in mine) + Counter(a.event.direction.value for a in mine)
        if dict(kinds) != dict(profile.counters):
            yield f"{name} counts {dict(profile.counters)}, its events are {dict(kinds)}"
        if sorted({a.seq for a in mine}) != list(range(1, profile.seq + 1)):
            yield f"{name} is at {profile.seq}, its events have {sorted({a.seq for a in mine})}"


def conversations(sim: Simulation, read: Found) -> Iterator[str]:
    """Each has ended once, or waits for us; nobody has a load that is not theirs, nor had too much ever."""
    for name, profile in read.profiles.items():
        still = profile.conversation
        if still and still.owner and still.respond_by is None:
            yield f"{name} still has an open conversation of {still.opened_at} that waits for nobody"
        opened = [
            a.consequence.conversation.id
            for a in read.of(name)
            if a.consequence.opened and a.consequence.conversation
        ]
        ended = [sk.rpartition("#")[2] for sk in read.closed[name]]
        told = [a.event.target_id for a in read.of(name) if a.consequence.closed]
        if sorted(opened) != sorted([*ended, *([still.id] if still else [])]):
            yield f"{name} opened {opened} and closed {ended}"
        if sorted(told) != sorted(ended):
            yield f"{name} closed {ended} and told of {told}"
        item = sim.aws.dynamo.items[f"P#{name}", "PROFILE"]
        if "due_at" in item:
            yield f"{name} is due without a conversation that could be idle"
        if ("work_queue" in item) != bool(still):
            yield f"{name} is in a worklist without an open conversation"
    for person, load in read.loads.items():
        owned = sum(1 for p in read.profiles.values() if p.conversation and p.conversation.owner == person)
        if load != owned:
            yield f"{person} is said to have {load} conversations and has {owned}"
    yield from sim.watch.overloads


def forged_left_nothing(sim: Simulation, read: Found) -> Iterator[str]:
    """What was forged was refused, and stands nowhere."""
    for answered in sim.platforms.answers:
        if answered.posted.forged and answered.status not in (401, 403, 502, 503, 504):
            yield f"{answered.posted.words} was answered {answered.status}"
    mark = MARK.encode()
    for place, kept in _everything(sim):
        if mark in kept:
            yield f"what was forged stands in {place}"
    for absorbed in read.events.values():
        if MARK in json.dumps(absorbed.event.extra) + absorbed.event.text or mark in absorbed.event.raw:
            yield f"what was forged stands in {absorbed.event.key}"


def no_bugs(sim: Simulation, read: Found) -> Iterator[str]:
    """Whatever fails outside, no function raises what it does not know, and no log quotes a customer."""
    for line in sim.edges.logs:
        if line.startswith("error bug"):
            yield line[:600]
    for function, error in sim.lambdas.crashes:
        if not error.startswith(("Transient", "Misconfigured")):
            yield f"{function} raised {error}"


def _everything(sim: Simulation) -> Iterator[tuple[str, bytes]]:
    for key, item in sim.aws.dynamo.items.items():
        yield f"row {key}", repr(item).encode()
    for name, kept in sim.aws.objects.items():
        yield f"object {name}", kept
    yield from (("the log", line.encode()) for line in sim.edges.logs)
    for arrival in sim.crm.arrivals.values():
        yield "the CRM", arrival.body


def _accepted(sim: Simulation) -> list[Answered]:
    return [answered for answered in sim.platforms.answers if 200 <= answered.status < 300]


CHECKS: tuple[Callable[[Simulation, Found], Iterator[str]], ...] = (
    acknowledged,
    ordered,
    delivered,
    settled,
    owed_right,
    judge_crms.once_at_crm,
    judge_crms.once_at_erp,
    judge_crms.one_contact,
    humans,
    linked,
    counted,
    conversations,
    judge_contents.rows,
    judge_contents.cloud_events,
    judge_contents.notes,
    judge_people.decisions,
    judge_people.owed,
    judge_people.ends,
    judge_people.leads,
    judge_people.remembered,
    judge_waiting.waiting,
    judge_waiting.in_vain,
    judge_targets.settled_for_good,
    judge_targets.given_up,
    judge_targets.retry_after,
    judge_targets.while_down,
    judge_targets.breakers,
    judge_places.quarantined,
    judge_places.bucket,
    judge_places.genuine_refused,
    judge_places.logs,
    judge_crms.undelayed,
    forged_left_nothing,
    no_bugs,
)
