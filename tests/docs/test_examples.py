"""The examples in the pages are formatted and typed as the product is."""

import os
import subprocess
import sys

import pytest

from tests.docs.examples import example
from tests.documents import ROOT


@pytest.mark.parametrize(("page", "name"), [("adding-a-channel.md", "channels"), ("adding-a-crm.md", "crms")])
def test_the_examples_are_in_the_one_format(page, name) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    place = f"--stdin-filename=chalicelib/{name}/example.py"
    for arguments in (["format", "--check"], ["check", "--no-cache"]):
        done = subprocess.run(
            [*ruff, *arguments, place, "-"],
            input=example(page, "python"),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", ["adding-a-channel.md", "adding-a-crm.md"])
def test_the_examples_are_typed(page, tmp_path) -> None:
    file = tmp_path / "example.py"
    file.write_text(example(page, "python"))
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--cache-dir",
        str(tmp_path / "cache"),
        "--config-file",
        "pyproject.toml",
        str(file),
    ]
    done = subprocess.run(command, cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
