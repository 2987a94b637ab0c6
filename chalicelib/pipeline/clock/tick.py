"""Lists the clock's jobs in the order in which they are done, and does one minute's round of them."""

from __future__ import annotations

from chalicelib.pipeline.clock.base import Clock, Job
from chalicelib.pipeline.clock.close_idle import close_idle
from chalicelib.pipeline.clock.feed_queue import feed_queue
from chalicelib.pipeline.clock.offer import offer
from chalicelib.pipeline.clock.probe import probe
from chalicelib.pipeline.clock.recount import recount
from chalicelib.vocabulary.errors import HubError

JOBS: dict[str, Job] = {
    "probed": probe,
    "closed": close_idle,
    "offered": offer,
    "fed": feed_queue,
    "recounted": recount,
}
"""The jobs, each by the word under which the log counts it."""


def tick(clock: Clock) -> dict[str, int]:
    """Do every job; return how much of each there was. Raises the first failure after all were tried."""
    configuration = clock.configuration()
    counts: dict[str, int] = {}
    failures: list[HubError] = []
    for name, job in JOBS.items():
        try:
            counts[name] = job(clock, configuration)
        except HubError as error:
            clock.count("job_failed", reason=f"{name} {error.reason}")
            failures.append(error)
    if failures:
        raise failures[0]
    return counts
