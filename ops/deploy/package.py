"""Packages a stage: one zip for all functions and one CloudFormation template.

    python -m ops.deploy.package --stage production

Chalice reads the app and writes the functions and the API; `infra/` adds the rest. AWS and the local run
deploy the same package, except for the processor that its few compiled libraries are made for.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from chalicelib.vocabulary.delivery import Target
from infra.names import Unnameable, check_stage
from infra.template import additions
from ops.command_line import run
from ops.deploy.bundle import Failed, Platform, bundle, dependencies
from ops.environments import BUILD, ROOT
from ops.stages.faults import Faults
from ops.stages.load import load_stage

STAGES = ROOT / "infra" / "stages"

_LARGEST_ZIP = 12 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A stage that is ready to be deployed. The template names the zip by a path beside it."""

    stage: str
    template: Path
    zip: Path


def package(
    stage: str,
    targets: Iterable[Target],
    *,
    out: Path,
    platform: Platform = "lambda",
    source: Path = ROOT,
) -> Package:
    """Package a stage into the folder `out`, which is made anew.

    platform: `lambda`, or `host` for functions that run on this machine. source: where `app.py` and
    `chalicelib` are.
    """
    check_stage(stage)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    merge = out / "additions.json"
    merge.write_text(json.dumps(additions(stage, targets), indent=2))
    written = _run_chalice(stage, source=source, merge=merge, out=out)
    result = Package(stage=stage, template=out / "template.json", zip=out / "functions.zip")
    bundle(written / "deployment.zip", dependencies(platform), result.zip)
    size = result.zip.stat().st_size
    if size > _LARGEST_ZIP:
        raise Failed(f"the zip has {size} bytes, {_LARGEST_ZIP} are allowed: look at what was added to it")
    template = json.loads((written / "sam.json").read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = result.zip.name
    result.template.write_text(json.dumps(template, indent=2) + "\n")
    shutil.rmtree(written)
    return result


def _run_chalice(stage: str, *, source: Path, merge: Path, out: Path) -> Path:
    """Chalice's own zip and template, made from a copy that has no requirements: those we add ourselves."""
    copy = out / "source"
    skip = shutil.ignore_patterns("__pycache__")
    copy.mkdir()
    shutil.copy(source / "app.py", copy)
    shutil.copytree(source / "chalicelib", copy / "chalicelib", ignore=skip)
    (copy / ".chalice").mkdir()
    shutil.copy(ROOT / ".chalice" / "config.json", copy / ".chalice")
    shutil.copytree(ROOT / "infra" / "policies", copy / "infra" / "policies")
    (copy / "requirements.txt").touch()
    written = out / "chalice"
    command = [
        _tool("chalice"), "--project-dir", str(copy), "package", "--stage", stage,
        "--merge-template", str(merge), str(written),
    ]  # fmt: skip
    # Chalice wants a region only to know how services are spelt in that partition.
    environment = {"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"chalice could not package the app:\n{(done.stderr or done.stdout).strip()}")
    shutil.rmtree(copy)
    return written


def _tool(name: str) -> str:
    """A program of the environment that this one runs in, on the PATH or not."""
    return str(Path(sys.executable).with_name(name))


def lint(template: Path) -> None:
    """Raise `Failed` for what CloudFormation would refuse or warn of."""
    command = [_tool("cfn-lint"), "--template", str(template)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"cfn-lint refuses the template:\n{(done.stdout + done.stderr).strip()}")


def main(
    *,
    stage: Annotated[str, typer.Option(metavar="STAGE", help="A folder of infra/stages.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where to write. Left out, .build/STAGE.")
    ] = None,
    platform: Annotated[Platform, typer.Option(help="Whose processor runs the functions.")] = "lambda",
) -> None:
    """Package a stage: write the zip of its functions and its CloudFormation template."""
    try:
        made = package(stage, stage_targets(stage), out=out or BUILD / stage, platform=platform)
        lint(made.template)
    except (Failed, Unnameable, Faults) as failure:
        sys.exit(str(failure))
    size = made.zip.stat().st_size / 1024 / 1024
    print(f"{made.template}\n{made.zip} ({size:.1f} MB)")


def stage_targets(stage: str) -> tuple[Target, ...]:
    """The targets that the stage's `crms.yaml` names."""
    folder = STAGES / stage
    if not folder.is_dir():
        known = ", ".join(sorted(path.name for path in STAGES.iterdir() if path.is_dir()))
        raise Failed(f"there is no stage {stage!r} in infra/stages; there are: {known}")
    return load_stage(folder).targets


if __name__ == "__main__":
    run("python -m ops.deploy.package", main)
