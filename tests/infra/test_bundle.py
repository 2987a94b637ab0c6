"""What is in the functions' zip, and what is not."""

import importlib.util
import re
import struct
import zipfile

import pytest

from ops.deploy.bundle import pins
from ops.deploy.package import package
from tests.infra.conftest import TARGETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(packaged):
    with zipfile.ZipFile(packaged.zip) as opened:
        yield opened


def test_it_is_small(packaged):
    assert packaged.zip.stat().st_size <= 12 * 1024 * 1024


def test_our_code_and_what_it_needs_are_in_it(archive):
    names = set(archive.namelist())
    assert {
        "app.py",
        "chalicelib/vocabulary/event.py",
        "chalicelib/handlers/webhooks.py",
        "chalice/app.py",
    } <= names
    tops = {name.split("/")[0].removesuffix(".py") for name in names}
    assert {"msgspec", "pynamodb", "aws_lambda_powertools", "phonenumbers", "tzdata", "urllib3"} <= tops


def test_what_lambda_has_and_what_only_developers_need_is_not(archive):
    names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"boto3", "botocore", "dateutil", "six.py", "pip", "pytest", "ops", "infra", "tests"}
    assert not [name for name in names if re.match(r"chalice/(cli|deploy|package)", name)]
    assert not [name for name in names if name.endswith((".pyi", ".yaml", ".toml"))]


def test_every_source_is_compiled_for_lambda_and_never_compared_with_its_time(archive):
    sources = [name for name in archive.namelist() if name.endswith(".py")]
    assert {"app.py", "chalicelib/runtime/front.py"} <= set(sources)
    for source in sources:
        compiled = archive.read(importlib.util.cache_from_source(source))
        assert compiled[:4] == importlib.util.MAGIC_NUMBER, source
        # Flags: 1 is "by hash", and without 2 the source is not looked at.
        assert struct.unpack("<I", compiled[4:8]) == (1,), source


def test_compiled_libraries_are_for_the_processors_of_lambda(archive):
    libraries = [name for name in archive.namelist() if name.endswith(".so")]
    assert libraries
    for name in libraries:
        machine = struct.unpack("<H", archive.read(name)[18:20])[0]
        assert machine == 183, f"{name} is not for 64-bit ARM"


def test_the_same_sources_give_the_same_bytes(packaged, tmp_path):
    again = package("production", TARGETS, out=tmp_path / "again")
    assert again.zip.read_bytes() == packaged.zip.read_bytes()
    assert again.template.read_bytes() == packaged.template.read_bytes()


def test_pins_are_exact():
    assert pins()
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9.a-z]*", pin) for pin in pins())
