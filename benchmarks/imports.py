"""How long a cold start imports: the front door beside a bare function with one botocore client.

Fresh interpreters, turn and turn about, after one of each that wrote the bytecode; the median of each.
CPU time: with the files in memory an import is nothing else, and a busy machine changes it less.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.budgets import IMPORT_RATIO, Figure
from ops.environments import ROOT

_BARE = """
import json
import botocore.session
from botocore.config import Config
settings = Config(connect_timeout=0.5, read_timeout=1, retries={"mode": "standard", "total_max_attempts": 1})
queue = botocore.session.get_session().create_client("sqs", config=settings)
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}
"""
_FRONT_DOOR = "import app\n"
_READY = """
import app
from chalicelib.aws.clients import FRONT_DOOR_QUEUE, Clients
Clients()("sqs", FRONT_DOOR_QUEUE)
"""
_TIMED = "import time; started = time.process_time()\n{code}\nprint(time.process_time() - started)"


def measure(runs: int, tick: Callable[[], None]) -> Iterator[Figure]:
    """The figures; `tick` is called after each of the 3 × (`runs` + 1) interpreters."""
    programs = {"bare": _BARE, "imported": _FRONT_DOOR, "ready": _READY}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for run in range(runs + 1):
        for name, code in programs.items():
            seconds = _one(code)
            if run:
                taken[name].append(seconds)
            tick()
    bare, imported, ready = (statistics.median(taken[name]) for name in programs)
    about = f"median of {runs} fresh interpreters each, bytecode cached; CPU"
    yield Figure(name="bare function with an SQS client", value=1000 * bare, unit="ms", about=about)
    yield Figure(name="front door imported", value=1000 * imported, unit="ms", about=about)
    yield Figure(name="front door with its SQS client", value=1000 * ready, unit="ms", about=about)
    ratio = ready / bare
    yield Figure(
        name="front door with its client / bare", value=ratio, unit="×", limit=IMPORT_RATIO, about=about
    )


def _one(code: str) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    done = subprocess.run(
        [sys.executable, "-c", _TIMED.format(code=code)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(done.stdout)
