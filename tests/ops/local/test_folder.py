"""A local run's folder: held by one run, and nothing lost in it that is somebody's own."""

from pathlib import Path

import pytest

from ops.local import folder
from ops.local.folder import MADE, MARKER, FolderRefused, RunFolder


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def lived_in(folder: Path) -> RunFolder:
    """What a run leaves behind."""
    held = RunFolder(folder)
    held.claim()
    for name in ("aws", "tryton"):
        (folder / name / "deep").mkdir(parents=True)
        (folder / name / "deep" / "state").write_text("x")
    (folder / "crm.sqlite").write_text("x")
    return held


@pytest.fixture
def somebodys(tmp_path: Path) -> Path:
    """A folder that is not ours, with things in it that are called like ours."""
    for name in ("aws/credentials", "tryton/notes.txt", "letter.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("precious")
    return tmp_path


def test_what_an_earlier_run_made_is_removed_and_nothing_else(tmp_path: Path) -> None:
    held = lived_in(tmp_path / "run")
    (tmp_path / "run" / "mine.txt").write_text("precious")
    held.clear()
    assert files(tmp_path / "run") == {MARKER, "mine.txt"}
    assert not set(MADE) & {path.name for path in (tmp_path / "run").iterdir()}


def test_a_folder_of_somebody_is_refused_and_left_as_it_was(somebodys: Path) -> None:
    before = files(somebodys)
    with pytest.raises(FolderRefused, match=r"^.* holds files that no local run made: .*$"):
        RunFolder(somebodys).claim()
    assert files(somebodys) == before


def test_nothing_is_removed_that_is_not_held(somebodys: Path) -> None:
    before = files(somebodys)
    with pytest.raises(FolderRefused):
        RunFolder(somebodys).clear()
    assert files(somebodys) == before


@pytest.mark.parametrize("name", ["new", "new/deeper", "empty"])
def test_a_new_or_empty_folder_becomes_ours(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    for _ in range(2):
        held = RunFolder(tmp_path / name)
        held.claim()
        held.clear()
        held.release()


def test_the_repositorys_own_needs_no_marker(somebodys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "OWN", somebodys)
    held = RunFolder(somebodys)
    held.claim()
    held.clear()
    assert files(somebodys) == {MARKER, "letter.txt"}
    held.release()


def test_a_second_run_is_refused_and_the_first_keeps_everything(tmp_path: Path) -> None:
    first = lived_in(tmp_path / "run")
    before = files(tmp_path)
    with pytest.raises(FolderRefused, match=r"^another local run has its state in .*--folder$"):
        RunFolder(tmp_path / "run").claim()
    assert files(tmp_path) == before
    first.release()
    third = RunFolder(tmp_path / "run")
    third.claim()
    third.release()


def test_a_home_is_somebodys(somebodys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(somebodys))
    before = files(somebodys)
    with pytest.raises(FolderRefused, match=str(somebodys)):
        RunFolder(Path("~")).claim()
    assert files(somebodys) == before


def test_a_link_is_removed_and_what_it_leads_to_stays(tmp_path: Path, somebodys: Path) -> None:
    held = RunFolder(tmp_path / "run")
    held.claim()
    (tmp_path / "run" / "aws").symlink_to(somebodys / "aws")
    held.clear()
    assert files(tmp_path / "run") == {MARKER}
    assert (somebodys / "aws" / "credentials").read_text() == "precious"
    held.release()


def test_a_marker_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / MARKER).symlink_to(tmp_path / "target")
    with pytest.raises(FolderRefused, match="cannot hold"):
        RunFolder(tmp_path / "run").claim()
    assert (tmp_path / "target").read_text() == "precious"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FolderRefused, match="cannot hold a local run's state"):
        RunFolder(tmp_path / "file").claim()
