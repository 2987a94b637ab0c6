"""`make run` when something is in the way: one line that helps, nothing lost, nothing left running."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ops.local import hub
from ops.local.folder import MARKER, RunFolder
from ops.local.hub import LocalHub
from ops.local.ports import free_port
from ops.local.run import _said
from ops.local.tryton.database import TrytonError
from ops.local.verdict import Receipt
from tests.documents import ROOT

FREE = {"--port": "0", "--crm-port": "0", "--tryton-port": "0"}


def command(folder: Path, **ports: str) -> list[str]:
    options = FREE | {f"--{name.replace('_', '-')}": port for name, port in ports.items()}
    return [sys.executable, "-m", "ops.local.run", "--folder", str(folder), *sum(options.items(), ())]


def refused(folder: Path, **ports: str) -> str:
    """The one line that is said."""
    return only_line(command(folder, **ports))


def only_line(command: list[str]) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """A folder in which an earlier run left something."""
    held = RunFolder(tmp_path / "run")
    held.claim()
    held.release()
    (tmp_path / "run" / "aws").mkdir()
    (tmp_path / "run" / "aws" / "state").write_text("kept")
    return tmp_path / "run"


@pytest.mark.parametrize("option", ["port", "crm_port", "tryton_port"])
def test_a_port_in_use_is_found_before_anything_is_removed(earlier: Path, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
        line = refused(earlier, **{option: str(number)})
    assert line.startswith(f"make run: port {number}, for ")
    assert f"--{option.replace('_', '-')} N, or make run {option.upper()}=N" in line
    assert (earlier / "aws" / "state").read_text() == "kept"


@pytest.mark.parametrize("text", ["99999", "-1", "x"])
def test_what_is_no_port_is_refused_in_one_line(earlier: Path, text: str) -> None:
    line = refused(earlier, crm_port=text)
    assert "Invalid value for '--crm-port': a port is a number from 0 to 65535" in line
    assert (earlier / "aws" / "state").read_text() == "kept"


def test_ports_that_nobody_types_are_ports(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    line = only_line([sys.executable, "-m", "ops.local.run", "--folder", str(tmp_path)])
    # Something may listen on the usual ports of this machine.
    assert "holds files that no local run made" in line or line.startswith("make run: port ")


def test_a_second_run_on_the_folder_is_refused(earlier: Path) -> None:
    first = RunFolder(earlier)
    first.claim()
    assert "another local run has its state in" in refused(earlier)
    first.release()
    assert (earlier / "aws" / "state").read_text() == "kept"


def test_a_folder_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "credentials").write_text("precious")
    assert "holds files that no local run made" in refused(tmp_path)
    assert (tmp_path / "aws" / "credentials").read_text() == "precious"


class Part:
    """A server that is starting until it is stopped."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def start(self) -> None:
        self.stopped.wait(20)
        raise TrytonError("its process is gone")

    def stop(self) -> None:
        self.stopped.set()


class Broken(Part):
    def start(self) -> None:
        raise TrytonError("the first that failed")


def test_a_part_that_fails_stops_the_one_that_is_still_starting() -> None:
    slow = Part()
    with pytest.raises(TrytonError, match="the first that failed"):
        hub._start_side_by_side(Broken(), slow)
    assert slow.stopped.is_set()


def test_servers_that_have_ended_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub = LocalHub(tmp_path)
    assert hub.deaths() == []
    with subprocess.Popen(["true"]) as child:
        child.wait()
    monkeypatch.setattr(hub.tryton, "_process", child)
    (line,) = hub.deaths()
    assert line == f"Tryton has ended by itself: what it said last is in {hub.tryton.log}"


@pytest.mark.parametrize(
    ("text", "attachments", "said"),
    [("hello [b]", ("image",), "hello [b]"), ("", ("contact", "location"), "[contact] [location]"),
     ("", (), "[delete]")],
)  # fmt: skip
def test_no_row_looks_empty(text: str, attachments: tuple[str, ...], said: str) -> None:
    receipt = Receipt(
        channel="telegram", kind="delete", text=text, attachments=attachments, standin="1", note="2"
    )
    assert _said(receipt) == said


def group_of(folder: Path) -> list[int]:
    """Processes whose command line or working folder is in the folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            inside = str((process / "cwd").readlink()).startswith(str(folder))
        except OSError:
            continue
        if int(process.name) != os.getpid() and (inside or os.fsencode(folder) in words):
            found.append(int(process.name))
    return found


@pytest.mark.slow
@pytest.mark.xdist_group("local hub")
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads the kernel's own tables")
@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("step", ["Tryton and a local AWS", "package and deploy"])
def test_who_interrupts_a_start_leaves_nothing_running(
    tmp_path: Path, sign: signal.Signals, step: str
) -> None:
    folder, crm = tmp_path / "run", free_port()
    printed = tmp_path / "printed"
    with printed.open("w") as out:
        run = subprocess.Popen(command(folder, crm_port=str(crm)), cwd=ROOT, stdout=out, stderr=out)
    deadline = time.monotonic() + 300
    while step not in printed.read_text():
        assert run.poll() is None, printed.read_text()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(0.3)
    run.send_signal(sign)
    run.send_signal(sign)
    assert run.wait(60) == 128 + sign
    assert "Traceback" not in printed.read_text()
    assert group_of(folder) == []
    assert (folder / MARKER).is_file()
    assert not (folder / "hub.json").exists()
