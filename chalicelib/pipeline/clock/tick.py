"""The clock's jobs, in the order in which they are done, and one minute's round of them.

Each job is tried whatever the others raise, and has a share of the minute that none before it can use up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from chalicelib.aws.queues import Outgoing
from chalicelib.configuration.stage import Configuration
from chalicelib.pipeline.clock.base import Clock, Job
from chalicelib.pipeline.clock.close_idle import close_idle
from chalicelib.pipeline.clock.feed_queue import feed_queue
from chalicelib.pipeline.clock.offer import offer
from chalicelib.pipeline.clock.probe import probe
from chalicelib.pipeline.clock.recount import recount
from chalicelib.telemetry import log_bug
from chalicelib.vocabulary.errors import HubError, Transient
from chalicelib.vocabulary.event import Event

JOBS: dict[str, Job] = {
    "closed": close_idle,
    "offered": offer,
    "recounted": recount,
    "probed": probe,
}
"""The jobs, each by the word under which the log counts it; each has what time the earlier ones left."""

WITHOUT_CONFIGURATION: dict[str, Callable[[Clock], int]] = {"fed": feed_queue}
"""Done even if the configuration cannot be read. They come last and have all the time that is left."""

_OUT_OF_TIME = "out_of_time"

_TO_END = 5.0
"""Seconds kept for the end."""


def tick(clock: Clock, time_left: Callable[[], float]) -> dict[str, int]:
    """Do every job; how much of each there was. Raises the first failure after all were tried.

    time_left: seconds until this worker is stopped. A job whose share is used up is cut short: the next
    minute goes on with it.
    """
    failures: list[Exception] = []
    jobs: dict[str, Callable[[Clock], int]] = dict(WITHOUT_CONFIGURATION)
    try:
        configuration = clock.configuration()
    except HubError as error:
        clock.count("job_failed", reason=f"configuration {error.reason}")
        failures.append(error)
    else:
        jobs = {**{name: partial(_with, job, configuration) for name, job in JOBS.items()}, **jobs}
    done: dict[str, int] = {}
    for place, (name, job) in enumerate(jobs.items()):
        try:
            done[name] = job(_limited(clock, _share(time_left, len(jobs) - place)))
        except Exception as error:  # noqa: BLE001 - a bug too: the other jobs are for other people
            reason = error.reason if isinstance(error, HubError) else type(error).__name__
            if reason == _OUT_OF_TIME:
                clock.count("job_cut_short", reason=name)
                continue
            if not isinstance(error, HubError):
                log_bug("tick", error, job=name)
            clock.count("job_failed", reason=f"{name} {reason}")
            failures.append(error)
    if failures:
        raise failures[0]
    return done


def _with(job: Job, configuration: Configuration, clock: Clock) -> int:
    return job(clock, configuration)


def _share(time_left: Callable[[], float], jobs: int) -> Callable[[], float]:
    """Seconds left of one job's share of the time, while so many are still to be done."""
    for_the_others = time_left() - (time_left() - _TO_END) / jobs
    return lambda: time_left() - for_the_others


def _limited(clock: Clock, time_left: Callable[[], float]) -> Clock:
    """The clock as one job has it: nothing leaves it when the job's share is used up."""

    def check() -> None:
        if time_left() <= 0:
            raise Transient(_OUT_OF_TIME)

    def send(messages: Iterable[Outgoing]) -> list[Outgoing]:
        check()
        return clock.send(messages)

    def emit(event: Event) -> None:
        check()
        clock.emit(event)

    table = clock.table.before_each_call(check)
    return replace(clock, table=table, send=send, emit=emit, time_left=time_left)
