"""All figures, in one table and in `.local/bench.json`: python -m benchmarks [--quick]."""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import acknowledging, costs, imports, package, prices
from benchmarks.budgets import CALLS_FULL, CALLS_SINGLE, DOLLARS_PER_MILLION, Figure
from benchmarks.counts import Counted, Counts, count, tiny
from benchmarks.path import KNOWN, LOADS, SECRETS, STRANGERS, local_stage
from infra.template import additions
from ops.environments import ROOT

OUT = ROOT / ".local" / "bench.json"

# Names of counts times the channels or targets they are told apart by; roughly, and billed only when used.
_METRICS = 20

_STRANGERS = 0.2
"""How many events of a million are somebody's first: assumed, and on the high side."""


def figures(counted: Counted) -> Iterator[Figure]:
    """What the counts say, against what was promised."""
    for counts in counted.loads:
        single = counts.load.startswith("single")
        yield Figure(
            name=f"AWS calls per event: {counts.load}",
            value=counts.calls_per_event,
            unit="calls",
            limit=CALLS_SINGLE if single else CALLS_FULL,
            about=f"by our functions; the pollers make {counts.polled:.2f} more",
        )
    for region in prices.REGIONS:
        dollars = {counts.load: costs.per_million(counts, region) for counts in counted.loads}
        for counts in counted.loads:
            parts = dollars[counts.load]
            least = costs.gb_seconds(counts, waiting=False) * prices.LAMBDA_GB_SECOND.of(region)
            most = sorted(parts, key=lambda name: -parts[name])[:3]
            yield Figure(
                name=f"{region}, per million: {counts.load}",
                value=sum(parts.values()),
                unit="$",
                limit=None if counts.load == STRANGERS.name else DOLLARS_PER_MILLION,
                about=", ".join(f"{name} {parts[name]:.2f}" for name in most)
                + f"; Lambda time at the least {least:.2f}",
            )
        mixed = (1 - _STRANGERS) * sum(dollars[KNOWN.name].values())
        yield Figure(
            name=f"{region}, per million: single, mixed",
            value=mixed + _STRANGERS * sum(dollars[STRANGERS.name].values()),
            unit="$",
            limit=DOLLARS_PER_MILLION,
            about=f"{_STRANGERS:.0%} of the events from somebody new",
        )
        yield Figure(
            name=f"{region}: rows of a million events kept",
            value=costs.kept(counted.loads[0], region),
            unit="$/month",
            about=f"{counted.loads[0].row_bytes:.0f} bytes each, for {costs.ASSUMED['days_kept']:.0f} days",
        )
        idle = costs.a_month(counted, region, queues=2, alarms=_alarms(), metrics=_METRICS)
        yield Figure(
            name=f"{region}: a month without an event",
            value=sum(idle.values()),
            unit="$/month",
            about=", ".join(f"{name} {value:.2f}" for name, value in idle.items()),
        )


def _alarms() -> int:
    resources = additions("production", local_stage().targets)["Resources"].values()
    return sum(resource.get("Type") == "AWS::CloudWatch::Alarm" for resource in resources)


def shown(found: list[Figure]) -> Table:
    """The table for people."""
    table = Table(title="Switchboard, measured", title_justify="left")
    for name, justify in (
        ("figure", "left"),
        ("value", "right"),
        ("limit", "right"),
        ("", "left"),
        ("how", "left"),
    ):
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for figure in found:
        limit = "" if figure.limit is None else f"{figure.limit:g}"
        kept = "" if figure.limit is None else "[green]kept" if figure.kept else "[red]over"
        table.add_row(figure.name, f"{figure.value:.2f} {figure.unit}", limit, kept, figure.about)
    return table


def parts(counts: Counts) -> Table:
    """One load, by function."""
    table = Table(title=f"{counts.load}, per event", title_justify="left")
    for name in ("function", "calls", "CPU ms", "log bytes"):
        table.add_column(name, justify="left" if name in ("function", "calls") else "right")
    for function, cpu in counts.cpu.items():
        calls = ", ".join(f"{times:g} {call}" for call, times in counts.calls.get(function, {}).items())
        table.add_row(function, calls, f"{1000 * cpu:.2f}", f"{counts.log_bytes.get(function, 0):.0f}")
    return table


def money(counted: Counted, region: str) -> Table:
    """What a million events cost in a region, part by part."""
    table = Table(title=f"$ per million events, {region}, prices of {prices.AS_OF}", title_justify="left")
    table.add_column("for")
    columns = [costs.per_million(counts, region) for counts in counted.loads]
    for counts in counted.loads:
        table.add_column(counts.load, justify="right")
    for name in columns[0]:
        table.add_row(name, *(f"{column[name]:.2f}" for column in columns))
    table.add_section()
    table.add_row("in all", *(f"{sum(column.values()):.2f}" for column in columns))
    return table


def measure(quick: bool, tick: Callable[[], None]) -> tuple[list[Figure], Counted]:
    """Everything; `quick` takes seconds and is good for seeing that it runs, not for its times."""
    configuration = local_stage()
    found = [
        *imports.measure(1 if quick else 11, tick),
        *acknowledging.measure(configuration, SECRETS, rounds=1 if quick else 7, tick=tick),
        *package.measure(),
    ]
    counted = count(tiny() if quick else LOADS, tick)
    return [*found, *figures(counted)], counted


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure, against the budgets.")
    parser.add_argument("--quick", action="store_true", help="few runs: to see that it works")
    options = parser.parse_args()
    console = Console()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("measuring", total=None)
        found, counted = measure(options.quick, lambda: progress.advance(task))
    console.print(shown(found))
    for counts in counted.loads:
        console.print(parts(counts))
    for region in prices.REGIONS:
        console.print(money(counted, region))
    if not options.quick:
        _write(found, counted)
        console.print(f"written to {OUT.relative_to(ROOT)}")
    sys.exit(0 if all(figure.kept for figure in found) else 1)


def _write(found: list[Figure], counted: Counted) -> None:
    OUT.parent.mkdir(exist_ok=True)
    told = {
        "measured_at": datetime.now(UTC).isoformat(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "prices_as_of": prices.AS_OF,
        "assumed": costs.ASSUMED,
        "figures": [figure.as_json() for figure in found],
        "counted": asdict(counted),
        "prices": [asdict(price) for price in prices.ALL],
    }
    OUT.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
