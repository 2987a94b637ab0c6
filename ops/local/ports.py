"""Finds free ports on this machine's loopback, and says why one cannot be had."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import typer

HOST = "127.0.0.1"

_LARGEST = 65_535


class PortTaken(RuntimeError):
    """A port cannot be had; the text says which, who wants it and how to choose another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A port that somebody wants; `how` is what a person types to choose another one."""

    port: int
    who: str
    how: str


def port(typed: str | int) -> int:
    """A port that was typed, or an option's default; 0 takes any free one. Raises `typer.BadParameter`.

    Typer reads defaults like what is typed, but hands them over as the numbers that they are.
    """
    text = str(typed)
    if not (text.isascii() and text.isdecimal()) or int(text) > _LARGEST:
        raise typer.BadParameter(f"a port is a number from 0 to {_LARGEST}, and not {text!r}")
    return int(text)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        free: int = listener.getsockname()[1]
        return free


def trouble(port: int) -> str:
    """Why nobody can listen on the port now; empty if somebody can."""
    with socket.socket() as probe:
        # Some systems let a second program listen beside one that listens on every interface. A connection
        # may also find itself, if the system gave it that very port.
        if probe.connect_ex((HOST, port)) == 0 and probe.getsockname() != probe.getpeername():
            return "is in use"
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            return f"cannot be listened on ({error.strerror})"
    return ""


def require(*wishes: Wish) -> None:
    """Raise `PortTaken` unless all these ports can be had at once; port 0 always can."""
    wanted: dict[int, str] = {}
    for wish in wishes:
        if not wish.port:
            continue
        why = f"is {wanted[wish.port]}'s already" if wish.port in wanted else trouble(wish.port)
        if why:
            raise PortTaken(f"port {wish.port}, for {wish.who}, {why}: choose another with {wish.how}")
        wanted[wish.port] = wish.who
