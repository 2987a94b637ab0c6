"""Seeded worlds, every promise judged at their end; the seeds that once found something among them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.simulation.play import play

HERE = Path(__file__).parent
KEPT = [
    int(line.split()[0]) for line in (HERE / "seeds.txt").read_text().splitlines() if not line.startswith("#")
]
CHUNK = 75
WORLDS = (*range(20, 250), *range(10_000, 10_670))
"""With the first 20, the 250 in which sabotages are looked for: by these each is found that can be."""


def judged(seed: int) -> None:
    verdict = play(seed)
    assert not verdict.faults, f"make simulate SEED={seed}\n{verdict.story}"


@pytest.mark.parametrize("seed", range(20))
def test_a_few_worlds_keep_every_promise(seed):
    judged(seed)


@pytest.mark.parametrize("seed", KEPT)
def test_what_was_found_once_is_not_found_again(seed):
    judged(seed)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(12))
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
