"""How the targets were called: not while they said to wait, rarely while they are down; breakers in time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from chalicelib.vocabulary.delivery import Absorbed
from tests.simulation.faults import REFUSING, Outage
from tests.simulation.found import Found
from tests.simulation.hub import Simulation, moment
from tests.simulation.receivers import Called

_LONGEST_WAIT = 11 * 3600
_SLACK = 1.0

# Calls while a target is down for all: what is under way, the tries of each customer's first event, probes.
_MOST_PER_CUSTOMER = 14
_MOST_AT_ONCE = 14
_LONG_DOWN = 1800.0
_SPEAKS = ("http_401", "http_429_later")

_TRIALS_AT_FIRST, _TRIAL_PAUSE = 8, 600

_FEWEST = 3
_UNDER_WAY = 60.0
_HORIZON = 80 * 3600
_REFUSED_FOR = 600
_MOST_AFTERWARDS = 4


def retry_after(sim: Simulation, read: Found) -> Iterator[str]:
    """Nothing is sent again before the time that the target named."""
    del read
    if _storm(sim):
        return  # a worker that dies, or a table that refuses its word, forgets what it was told
    until: dict[tuple[str, str], float] = {}
    for call in sim.network.calls:
        about = call.target, call.about
        if call.about and call.at < until.get(about, 0.0) - _SLACK:
            yield f"{call.target} was sent {call.about} at {moment(call.at)}, before {moment(until[about])}"
        if call.retry_after and call.about:
            until[about] = call.answered_at + min(call.retry_after, _LONGEST_WAIT)


def settled_for_good(sim: Simulation, read: Found) -> Iterator[str]:
    """What is done or parked is not sent again."""
    keys = {absorbed.event.reference: key for key, absorbed in read.events.items()}
    for call in sim.network.calls:
        settled = sim.watch.settled.get((keys.get(call.about, ""), call.target))
        if settled is not None and call.at > settled + _UNDER_WAY:
            yield f"{call.about} was settled at {moment(settled)}, and sent again at {moment(call.at)}"


def given_up(sim: Simulation, read: Found) -> Iterator[str]:
    """Eighty hours after its commit a delivery is tried once more, and not for ever."""
    events = {absorbed.event.reference: absorbed for absorbed in read.events.values()}
    tries: Counter[str] = Counter()
    for call in sim.network.calls:
        absorbed = events.get(call.about)
        if call.target == "crm" and absorbed and call.at > absorbed.committed_at.timestamp() + _HORIZON:
            tries[call.about] += 1
    for about, times in tries.items():
        if times > _MOST_AFTERWARDS:
            yield f"{events[about].event.key} was sent {times} times after its horizon"


def while_down(sim: Simulation, read: Found) -> Iterator[str]:
    """A target that is down for long is called a few times and then probed."""
    groups: dict[str, set[str]] = defaultdict(set)
    for absorbed in read.events.values():
        for target in absorbed.targets:
            groups[target].add(absorbed.profile)
    for outage in sim.weather.outages:
        ends = min(outage.ends, sim.weather.ends)
        if outage.service not in sim.crms or ends - outage.begins < _LONG_DOWN or outage.kind in _SPEAKS:
            continue
        calls = [
            c
            for c in sim.network.calls
            if c.target == outage.service
            and outage.begins <= c.at < ends
            and not c.probe
            # Of two outages at once, either may be the one that answers.
            and not any(_strikes(other, c) for other in sim.weather.outages if other is not outage)
        ]
        # Whoever's first event is given up after days has the next one tried.
        owed = len(read.owed(outage.service))
        most = _MOST_AT_ONCE + _MOST_PER_CUSTOMER * len(groups[outage.service]) + owed
        if outage.kind in REFUSING:
            # One delivery after each pause shows whether it serves again.
            most += _TRIALS_AT_FIRST + int((ends - outage.begins) / _TRIAL_PAUSE)
        if len(calls) > most:
            yield f"{outage.service} was called {len(calls)} times while it was down, more than {most}"


def _strikes(outage: Outage, call: Called) -> bool:
    return outage.service == call.target and outage.begins <= call.at < outage.ends


def refused_alone(sim: Simulation, read: Found, absorbed: Absorbed, target: str, parked_at: float) -> bool:
    """Whether an endpoint refused this one while nobody else was tried, or others were served."""
    if not any(outage.service == target and outage.kind in REFUSING for outage in sim.weather.outages):
        return False
    own = absorbed.profile
    profiles = {each.event.reference: each.profile for each in read.events.values()}
    calls = [c for c in sim.network.calls if c.target == target and not c.probe and c.at <= parked_at]
    refusals = [c.at for c in calls if c.refused and c.about == absorbed.event.reference]
    since = refusals[0] if refusals else parked_at - _REFUSED_FOR
    others = [c for c in calls if c.at >= since and profiles.get(c.about, own) != own]
    return not others or any(not c.failed for c in others)


def breakers(sim: Simulation, read: Found) -> Iterator[str]:
    """A breaker opens only after failures, and it does open after many of several customers."""
    by_target: dict[str, list[Called]] = defaultdict(list)
    for call in sim.network.calls:
        by_target[call.target].append(call)
    if _storm(sim):
        return  # an attempt of which nothing was heard again is a failure too, and may have called nobody
    for at, target in sim.watch.opened:
        failed = [c for c in by_target[target] if c.failed and at - 90_000 < c.at <= at]
        if len(failed) < _FEWEST:
            yield f"{target} was cut off at {moment(at)} after {len(failed)} failures"
    for target, calls in by_target.items():
        row: list[Called] = []
        for call in calls:
            if not call.failed:
                row = []
            elif not call.probe:
                row.append(call)
            many = len({c.group for c in row if c.group}) >= 2 and len(row) >= 12
            if many and not any(
                t == target and row[0].at <= at <= call.at + 60 for at, t in sim.watch.opened
            ):
                yield f"{target} failed {len(row)} times from {moment(row[0].at)} on, and was not cut off"
                break
    yield from _told(sim, read)


def _told(sim: Simulation, read: Found) -> Iterator[str]:
    """Each time that a target is cut off, and each time that it is well again, is an event of its own."""
    notices = [absorbed.event for absorbed in read.events.values() if absorbed.event.customer.own]
    told = Counter((event.account, event.extra.get("breaker", "")) for event in notices)
    for target, times in sim.watch.outages.items():
        for state in ("open", "closed"):
            if told[target, state] != times:
                yield f"{target} was cut off {times} times, and {state!r} told {told[target, state]} times"


def _storm(sim: Simulation) -> bool:
    """Whether anything but the targets fails."""
    weather = sim.weather
    return bool(
        weather.rate or weather.deaths or any(outage.service not in sim.crms for outage in weather.outages)
    )
