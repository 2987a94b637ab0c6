"""Ports that are free, taken, wanted twice or no ports at all."""

import socket
from collections.abc import Iterator

import pytest
import typer

from ops.local.ports import PortTaken, Wish, free_port, port, require, trouble


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])  # noqa: S104 - what listens everywhere listens here too
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.create_server((request.param, 0)) as server:
        yield server.getsockname()[1]


def wish(number: int, who: str = "somebody") -> Wish:
    return Wish(port=number, who=who, how="--other N")


def test_a_taken_port_is_seen_and_a_free_one_can_be_had(taken: int) -> None:
    assert trouble(taken) == "is in use"
    assert trouble(free_port()) == ""


def test_a_port_that_was_just_used_can_be_had_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", number)) as client:
            server.accept()[0].close()
            assert client.recv(1) == b""
    assert trouble(number) == ""


def test_who_wants_a_taken_port_is_said_and_how_to_choose_another(taken: int) -> None:
    said = rf"^port {taken}, for somebody, is in use: choose another with --other N$"
    with pytest.raises(PortTaken, match=said):
        require(wish(free_port()), wish(taken))


def test_one_port_cannot_be_had_twice() -> None:
    number = free_port()
    with pytest.raises(PortTaken, match=rf"^port {number}, for the second, is the first's already"):
        require(wish(number, "the first"), wish(number, "the second"))


def test_any_free_port_can_be_had_by_all() -> None:
    require(wish(0), wish(0))


@pytest.mark.parametrize("typed", ["0", "65535", 8072])
def test_a_port_is_a_number(typed: str | int) -> None:
    assert port(typed) == int(typed)


@pytest.mark.parametrize("text", ["-1", "65536", "99999", "", "http", "1.5", "۸۰"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="from 0 to 65535"):
        port(text)
