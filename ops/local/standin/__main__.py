"""Runs the stand-in CRM by itself, until Ctrl-C.

python -m ops.local.standin --database crm.sqlite --secrets secrets.txt
"""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from ops.command_line import run
from ops.local import ports
from ops.local.standin.server import Standin


def main(
    *,
    database: Annotated[Path, typer.Option(metavar="FILE", help="The SQLite file that keeps what arrives.")],
    secrets: Annotated[
        Path,
        typer.Option(metavar="FILE", help="A file with one whsec_… per line.", exists=True, dir_okay=False),
    ],
    port: Annotated[
        int, typer.Option(parser=ports.port, metavar="PORT", help="0 takes any free one.", show_default=False)
    ] = 0,
) -> None:
    """Receive what the hub delivers, and show it on a page."""
    try:
        standin = Standin(database, secrets.read_text().split(), port=port)
    except ports.PortTaken as taken:
        sys.exit(str(taken))
    with standin:
        print(standin.url, flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    run("python -m ops.local.standin", main)
