"""Every command in the documents is one that could be typed, with options that there are."""

import json
import re

import botocore.session
import pytest
import typer
from botocore.validate import ParamValidator

from chalicelib.channels import CHANNELS
from chalicelib.crms import CRMS
from ops.hub.__main__ import app
from ops.stages.load import load_stage
from tests.documents import (
    DOCUMENTS,
    README,
    ROOT,
    Fence,
    every_document,
    fences,
    spoken_commands,
    without_assignments,
)

SHELL = [fence for path in DOCUMENTS for fence in fences(path, "sh")]
EXAMPLE_STAGE = ROOT / "infra" / "stages" / "example"
STAGES = {"production", *(path.name for path in (ROOT / "infra" / "stages").iterdir())}


@pytest.mark.parametrize("fence", SHELL, ids=str)
def test_every_command_is_one_that_there_is(fence: Fence) -> None:
    assert fence.commands
    for words in fence.commands:
        check(without_assignments(words))


@every_document
def test_commands_in_sentences_are_ones_that_there_are(path) -> None:
    for words in spoken_commands(path):
        if words[0] == "make":
            check(words)
        elif words[1] != "--help":
            command(words[1:])


def check(words: list[str]) -> None:
    """Fail unless the command could be typed here."""
    match words:
        case ["make", *rest]:
            check_make(rest)
        case ["./hub", *rest]:
            check_hub(rest)
        case ["aws", "ssm", "put-parameter", *rest]:
            check_parameter(rest)
        case [".venv/bin/python", "-m", "pytest", *rest]:
            assert not [word for word in rest if word.startswith("tests") and not (ROOT / word).exists()]
        case [".venv/bin/python", "-m", module, *_]:
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").exists()
        case ["cp", "-r", source, _]:
            assert (ROOT / source).exists()
        case _:
            pytest.fail(f"no test knows this command: {' '.join(words)}")


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets
    given = dict(word.split("=") for word in words if "=" in word)
    assert given.keys() <= set(re.findall(r"\$\((?:if \$\()?([A-Z_]+)", makefile))
    assert given.get("STAGE", "local") in STAGES | {"…"}


def command(words: list[str]):
    """The command of the hub that these words name, and what is left of them."""
    found, context = typer.main.get_command(app), None
    while hasattr(found, "commands"):
        context = found.make_context("hub", [], parent=context, resilient_parsing=True)
        assert words, f"{found.name} needs a command"
        assert words[0] in found.commands, f"there is no hub {words[0]}"
        found, words = found.commands[words[0]], words[1:]
    return found, words, context


def check_hub(words: list[str]) -> None:
    if words == ["--help"]:
        return
    found, rest, context = command(words)
    if "--help" not in rest:
        # Parsed and not run: an option that is not there, or a value of another type, is refused here.
        found.make_context(found.name, list(rest), parent=context)


def check_parameter(words: list[str]) -> None:
    model = botocore.session.get_session().get_service_model("ssm").operation_model("PutParameter")
    given: dict[str, object] = {}
    options = iter(words)
    for option in options:
        assert option.startswith("--")
        name = "".join(part.capitalize() for part in option.removeprefix("--").split("-"))
        given[name] = True if name == "Overwrite" else next(options)
    assert model.input_shape is not None
    assert not ParamValidator().validate(given, model.input_shape).has_errors()
    assert given["Type"] == "SecureString"
    root, stage, kind, secret = str(given["Name"]).strip("/").split("/")
    example = load_stage(EXAMPLE_STAGE)
    held = set(json.loads(str(given["Value"])))
    assert (root, stage in STAGES) == ("switchboard", True)
    if kind == "accounts":
        assert secret in {account.secret for account in example.accounts}
        channel = next(account.channel for account in example.accounts if account.secret == secret)
        assert held == set(CHANNELS[channel].secrets)
    else:
        target = next(target for target in example.targets if target.secret == secret)
        assert (kind, held) == (
            "targets",
            {field.name for field in CRMS[target.connector].fields if field.secret},
        )


USAGE: type[BaseException] = typer.BadParameter.__mro__[1]
"""What typer raises for an option that there is not; it exports no name for it."""


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("make nothing", AssertionError),
        ("make check STAGES=x", AssertionError),
        ("./hub proff x", AssertionError),
        ("./hub proof x --wait soon", typer.BadParameter),
        ("./hub proof x --weight 3", USAGE),
        (".venv/bin/python -m pytest tests/nowhere.py", AssertionError),
        ("rm -rf x", pytest.fail.Exception),
    ],
)
def test_a_wrong_command_is_seen(line: str, refusal: type[BaseException]) -> None:
    with pytest.raises(refusal):
        check(line.split())


def test_commands_are_found() -> None:
    """Else the tests above would try nothing."""
    assert ["make", "run"] in list(spoken_commands(README))
    assert ["make", "run"] in [words for fence in SHELL for words in fence.commands]
