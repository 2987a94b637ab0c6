"""The rig around the real CRM: made once, copied, stopped by the process that was started."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ops.local.tryton import database
from ops.local.tryton.database import TrytonError
from ops.local.tryton.server import EMPLOYEES, Tryton

pytestmark = pytest.mark.slow


def test_a_fresh_crm_has_its_employees_and_no_customers(tmp_path: Path) -> None:
    with Tryton(tmp_path, employees=("Sara", "رضا")) as server:
        assert server.employees() == {"Sara": 1, "رضا": 2}
        assert server.parties() == []
        assert server.leads() == []
        assert len(server.key) == 128


def test_everything_outlives_restart_and_kill(tmp_path: Path) -> None:
    server = Tryton(tmp_path)
    server.start()
    try:
        number = server.create("party.party", name="مریم")
        server.create("ir.note", resource=f"party.party,{number}", message="first")
        pid = server.pid
        server.restart()
        assert server.pid != pid
        server.kill()
        with pytest.raises(ConnectionRefusedError):
            server.parties()
        server.start()
        assert [party.name for party in server.parties()] == ["مریم"]
        assert server.notes(number) == ["first"]
        assert list(server.employees()) == list(EMPLOYEES)
    finally:
        server.stop()
    server.stop()


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with Tryton(tmp_path) as server:
        inodes = {
            link.split("[")[1].rstrip("]")
            for fd in Path(f"/proc/{server.pid}/fd").iterdir()
            if (link := str(fd.readlink())).startswith("socket:")
        }
        listening = [
            fields[1]
            for table in ("tcp", "tcp6")
            for fields in map(str.split, Path(f"/proc/{server.pid}/net/{table}").read_text().splitlines()[1:])
            if fields[3] == "0A" and fields[9] in inodes
        ]
    assert listening == [f"0100007F:{server.port:04X}"]


def test_a_port_in_use_is_a_clear_message(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = Tryton(tmp_path, port=taken.getsockname()[1])
        with pytest.raises(TrytonError, match=f"port {server.port}"):
            server.start()
    assert server.pid is None


def test_the_environment_is_pinned_to_the_last() -> None:
    lines = database.REQUIREMENTS.read_text().splitlines()
    assert all("==" in line for line in lines)
    assert any(line.startswith("phonenumbers==") for line in lines)
