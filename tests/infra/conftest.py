"""A real package of a stage, made once and shared by all processes that test it."""

import json
from pathlib import Path

import pytest

from chalicelib.vocabulary.delivery import Target
from ops.deploy.package import Package, package
from ops.environments import BUILD, alone

TARGETS = (
    Target(name="tryton", connector="tryton", url="https://crm.example.org", concurrency=2),
    Target(name="shop-hook", connector="receiver", url="https://shop.example.org", concurrency=40),
)


@pytest.fixture(scope="session")
def packaged(tmp_path_factory, worker_id) -> Package:
    """Stage `production`, two targets, for Lambda's own processors."""
    shared = tmp_path_factory.getbasetemp()
    out = (shared if worker_id == "master" else shared.parent) / "production"
    BUILD.mkdir(exist_ok=True)
    with alone("test-package"):
        if not (out / "template.json").exists():
            return package("production", TARGETS, out=out)
    return Package(stage="production", template=out / "template.json", zip=out / "functions.zip")


@pytest.fixture(scope="session")
def template(packaged):
    return json.loads(Path(packaged.template).read_text())


@pytest.fixture(scope="session")
def resources(template):
    return template["Resources"]
