"""What operators type, when something is missing: one line that helps, never a stack trace."""

import os
import subprocess
import sys
from unittest.mock import MagicMock, Mock

import pytest

from ops.deploy import __main__ as command
from ops.environments import ROOT

NOWHERE = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent/credentials",
}


def run(*command, **environment):
    return subprocess.run(
        command, cwd=ROOT, env=NOWHERE | environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["package", "deploy"])
def test_a_stage_must_be_named(target):
    done = run("make", "--no-print-directory", target)
    assert done.returncode != 0
    assert "name the stage: STAGE=" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_python_that_is_new_enough_make_says_so(tmp_path):
    for name in ("Makefile", "requirements"):
        (tmp_path / name).symlink_to(ROOT / name)
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("bash", "sh"):
        (programs / name).symlink_to(f"/bin/{name}")
    old = programs / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    make = next(
        path for folder in os.environ["PATH"].split(":") if os.access(path := f"{folder}/make", os.X_OK)
    )
    done = subprocess.run(
        [make, "-C", str(tmp_path), "test"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Switchboard needs Python 3.11 or newer" in done.stderr


def test_an_unknown_stage_names_those_that_there_are():
    done = run(sys.executable, "-m", "ops.deploy.package", "--stage", "nowhere")
    assert done.returncode != 0
    assert done.stderr.startswith("there is no stage 'nowhere' in infra/stages; there are: ")
    assert len(done.stderr.splitlines()) == 1


def test_without_credentials_deploy_says_how_to_get_some():
    done = run(sys.executable, "-m", "ops.deploy", "--stage", "local", AWS_REGION="eu-central-1")
    assert done.returncode != 0
    assert done.stderr.startswith("no AWS credentials: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("email", "passed"), [("", ""), ("ops@example.org", " --alarm-email 'ops@example.org'")]
)
def test_make_deploy_passes_the_alarms_address_on(email, passed):
    done = run("make", "-n", "deploy", "STAGE=example", f"ALARM_EMAIL={email}")
    assert f"-m ops.deploy --stage example{passed}" in done.stdout
    assert ("--alarm-email" in done.stdout) == bool(email)


def test_make_deploy_passes_on_what_the_front_door_lets_through():
    done = run("make", "-n", "deploy", "STAGE=example", "RATE=300", "BURST=150", "WAF_RATE=0")
    assert "-m ops.deploy --stage example --rate '300' --burst '150' --waf-rate '0'" in done.stdout


@pytest.mark.parametrize(
    ("chosen", "parameters"),
    [
        ({}, {}),
        ({"alarm_email": "ops@example.org"}, {"AlarmEmail": "ops@example.org"}),
        ({"rate": 300, "burst": 150}, {"RequestRate": "300", "RequestBurst": "150"}),
        ({"waf_rate": "6000"}, {"WafRate": "6000"}),
        ({"waf_rate": "0"}, {"WafRate": "0"}),
    ],
)
def test_what_is_chosen_is_a_parameter_of_the_stack(monkeypatch, capsys, chosen, parameters):
    asked = []

    def deploy(*_, parameters, **__):
        asked.append(parameters)
        return Mock()

    monkeypatch.setattr(command, "boto3", MagicMock())
    monkeypatch.setattr(command, "package", Mock())
    monkeypatch.setattr(command, "lint", Mock())
    monkeypatch.setattr(command, "deploy", deploy)
    command.main(stage="example", **chosen)
    assert asked == [parameters]
    assert ("alarms go to ops@example.org" in capsys.readouterr().out) == ("alarm_email" in chosen)


def test_make_run_passes_ports_on_but_takes_none_from_the_environment():
    given = run("make", "-n", "run", "PORT=1", "CRM_PORT=2", "TRYTON_PORT=3", "ONCE=1")
    assert "-m ops.local.run --once --port '1' --crm-port '2' --tryton-port '3'" in given.stdout
    assert "port" not in run("make", "-n", "run", PORT="1").stdout


def test_ci_runs_what_developers_run():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert lines[-1] == "exec make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
