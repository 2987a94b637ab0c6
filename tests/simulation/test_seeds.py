"""Seeded worlds, every promise judged at their end; the seeds that once found something among them."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.play import play
from tests.simulation.sabotages import KNOWN

HERE = Path(__file__).parent
KEPT = [
    int(line.split()[0]) for line in (HERE / "seeds.txt").read_text().splitlines() if not line.startswith("#")
]
CHUNK, CHUNKS = 75, 12
FIRST = range(20)
CHOSEN = sorted(set(KNOWN.values()) - {*FIRST})
"""The worlds in which the sabotages are found."""
OTHERS = (seed for seed in itertools.count(len(FIRST)) if seed not in CHOSEN)
WORLDS = (*CHOSEN, *itertools.islice(OTHERS, CHUNK * CHUNKS - len(CHOSEN)))


def judged(seed: int) -> None:
    verdict = play(seed)
    assert not verdict.faults, f"make simulate SEED={seed}\n{verdict.story}"


@pytest.mark.parametrize("seed", FIRST)
def test_a_few_worlds_keep_every_promise(seed):
    judged(seed)


@pytest.mark.parametrize("seed", KEPT)
def test_what_was_found_once_is_not_found_again(seed):
    judged(seed)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_worlds_keep_every_promise(chunk):
    for seed in WORLDS[chunk * CHUNK : (chunk + 1) * CHUNK]:
        judged(seed)


def test_a_seed_is_the_same_story_in_every_process():
    command = [
        sys.executable,
        "-c",
        "import sys; from tests.simulation.play import fingerprint; print(fingerprint(5))",
    ]
    stories = {
        subprocess.run(
            command,
            env={"PYTHONHASHSEED": hashes, "AWS_DEFAULT_REGION": "eu-central-1", "PATH": ""},
            cwd=HERE.parents[1],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hashes in ("1", "2")
    }
    assert len(stories) == 1
