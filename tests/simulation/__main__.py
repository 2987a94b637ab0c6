"""`make simulate`: many worlds with a progress bar, or one with its story.

python -m tests.simulation --seeds 500 [--first 0]
python -m tests.simulation --seed 140
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.simulation.play import Verdict, play, story

console = Console()


def one(seed: int) -> int:
    """One world, told whole."""
    whole = story(seed)
    console.print(whole, markup=False, highlight=False, soft_wrap=True)
    return 1 if "  WRONG  " in whole else 0


def many(first: int, seeds: int) -> int:
    """Worlds on all processors; the stories of those in which a promise was broken, then the figures."""
    struck: Counter[str] = Counter()
    broken: list[Verdict] = []
    events = 0
    with ProcessPoolExecutor() as pool:
        played = pool.map(play, range(first, first + seeds), chunksize=4)
        for verdict in track(played, description="playing", total=seeds, console=console):
            struck += verdict.struck
            events += verdict.events
            if verdict.faults:
                broken.append(verdict)
    for verdict in broken[:3]:
        console.print(verdict.story, markup=False, highlight=False, soft_wrap=True)
    console.print(_figures(struck))
    console.print(
        f"{seeds} worlds, {events} events, {struck.total()} faults: {len(broken)} worlds broke a promise"
    )
    for verdict in broken:
        console.print(
            f"  make simulate SEED={verdict.seed}   {verdict.faults[0]}", markup=False, soft_wrap=True
        )
    return 1 if broken else 0


def _figures(struck: Counter[str]) -> Table:
    table = Table("fault", "before its effect", "after its effect", title="faults injected")
    for kind in sorted({name.rsplit(" ", 1)[0] for name in struck}):
        table.add_row(kind, str(struck[f"{kind} before"]), str(struck[f"{kind} after"]))
    return table


def main() -> int:
    """Read the command line."""
    asked = argparse.ArgumentParser(prog="make simulate")
    asked.add_argument("--seeds", type=int, default=500)
    asked.add_argument("--first", type=int, default=0)
    asked.add_argument("--seed", type=int)
    given = asked.parse_args()
    return one(given.seed) if given.seed is not None else many(given.first, given.seeds)


if __name__ == "__main__":
    sys.exit(main())
