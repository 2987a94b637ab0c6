"""The README, typed: its commands against a local run, and the output that it shows.

A `sh local` block runs as it stands. A `text` block after it is what the command says, `text run` what the
local run says; numbers, times and ids differ from run to run, and `…` stands for lines left out.
"""

import itertools
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, ROOT, Fence, fences

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("local hub")]

PATIENCE = 300.0
RUN = [sys.executable, "-m", "ops.local.run", "--port", "0", "--crm-port", "0", "--tryton-port", "0"]

Shown = tuple[Fence, Fence | None]
"""A command's block and the output that follows it."""


def sessions() -> list[Shown]:
    """Every block to be run against the local run, in the order of the documents."""
    found: list[Shown] = []
    for path in DOCUMENTS:
        blocks = list(fences(path))
        for fence, after in itertools.zip_longest(blocks, blocks[1:]):
            if fence.words[:2] == ("sh", "local"):
                found.append((fence, after if after and after.words == ("text",) else None))
    return found


@pytest.fixture(scope="module")
def local_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A run that stays up, as `make run` starts it but on free ports, and what it printed."""
    folder = tmp_path_factory.mktemp("run")
    printed = folder / "printed"
    with printed.open("w") as out:
        run = subprocess.Popen(
            [*RUN, "--folder", folder / "local"], cwd=ROOT, env=environment(), stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C stops" not in printed.read_text():
            assert run.poll() is None, printed.read_text()
            assert time.monotonic() < deadline, printed.read_text()
            time.sleep(0.5)
        yield folder / "local" / "hub.json", printed.read_text()
    finally:
        run.send_signal(signal.SIGTERM)
        run.wait(60)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "100", **more}


def test_once_ends_well(tmp_path: Path) -> None:
    """`make run ONCE=1` runs this, but on its own ports."""
    dry = subprocess.run(
        ["make", "-n", "run", "ONCE=1"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "-m ops.local.run --once" in dry.stdout
    done = subprocess.run(
        [*RUN, "--once", "--folder", tmp_path],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_local_run_says_what_is_shown(local_run) -> None:
    _, printed = local_run
    shown = [fence for path in DOCUMENTS for fence in fences(path, "text") if fence.words == ("text", "run")]
    assert shown
    for fence in shown:
        agrees(fence, printed)


def test_the_commands_do_and_say_what_is_shown(local_run) -> None:
    hub_json, _ = local_run
    assert sessions()
    for fence, shown in sessions():
        # A prompt ends each line: one command, and its end is good.
        said = ""
        for words in fence.commands:
            done = subprocess.run(
                words,
                cwd=ROOT,
                env=environment(HUB_JSON=str(hub_json)),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"{fence}: {shlex.join(words)}: {done.stdout}{done.stderr}"
            said += done.stdout
        if shown:
            agrees(shown, said)


def agrees(shown: Fence, said: str) -> None:
    """Every line that is shown was said, in this order."""
    lines = iter(map(alike, said.splitlines()))
    for line in map(alike, shown.text.splitlines()):
        if line != "…":
            assert line in lines, f"{shown}: not said, or not there: {line}\n{said}"


def alike(line: str) -> str:
    """The line without what is another in each run."""
    line = re.sub(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{20,32}\b", "<id>", line)
    line = re.sub(r":1\d{9}\b", ":<seconds>", line)
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "<time>", line)
    line = re.sub(r"\b\d\d [A-Z][a-z]{2} \d\d:\d\d", "<time>", line)
    line = re.sub(r"\b\d{1,2}\b", "<n>", line)
    return " ".join(line.split())
