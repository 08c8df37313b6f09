"""Private files: refused when others have access, written whole, locked between processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatehouse_client import private_files
from gatehouse_client.errors import CommandFailed
from tests.processes import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_file_that_others_have_any_right_to_is_refused(folder: Path) -> None:
    private_files.write(folder / "x", "secret")
    for bits in (0o640, 0o604, 0o620, 0o602, 0o610, 0o666):
        (folder / "x").chmod(bits)

        with pytest.raises(CommandFailed, match="Others on this machine") as caught:
            private_files.read(folder / "x")
        assert "secret" not in str(caught.value)


def test_folder_that_others_have_any_right_to_is_refused(folder: Path) -> None:
    private_files.write(folder / "x", "first")
    for bits in (0o750, 0o705, 0o770, 0o777):
        folder.chmod(bits)

        with pytest.raises(CommandFailed, match="chmod 700"):
            private_files.read(folder / "x")
        with pytest.raises(CommandFailed, match="chmod 700"):
            private_files.write(folder / "x", "second")
        with pytest.raises(CommandFailed, match="chmod 700"), private_files.locked(folder / "x"):
            pass
    assert (folder / "x").read_text() == "first"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_file_of_somebody_else_is_refused(folder: Path) -> None:
    private_files.write(folder / "x", "planted")
    os.chown(folder / "x", 12345, -1)

    with pytest.raises(CommandFailed, match="not yours"):
        private_files.read(folder / "x")


def test_link_to_another_file_is_refused(folder: Path, tmp_path: Path) -> None:
    private_files.write(tmp_path / "own" / "elsewhere", "secret")
    private_files.write(folder / "y", "")
    (folder / "x").symlink_to(tmp_path / "own" / "elsewhere")

    with pytest.raises(CommandFailed, match="cannot be read"):
        private_files.read(folder / "x")


def test_link_is_replaced_and_not_followed(folder: Path, tmp_path: Path) -> None:
    private_files.write(tmp_path / "own" / "elsewhere", "untouched")
    private_files.write(folder / "y", "")
    (folder / "x").symlink_to(tmp_path / "own" / "elsewhere")

    private_files.write(folder / "x", "new")

    assert (tmp_path / "own" / "elsewhere").read_text() == "untouched"
    assert private_files.read(folder / "x") == "new"


def test_file_that_is_no_text_is_refused(folder: Path) -> None:
    private_files.write(folder / "x", "")
    (folder / "x").write_bytes(b"\xff\xfe")

    with pytest.raises(CommandFailed, match="damaged"):
        private_files.read(folder / "x")


def test_no_file_is_none(folder: Path) -> None:
    assert private_files.read(folder / "x") is None


def test_file_is_its_owners_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        private_files.write(folder / "x", "text\nwith lines\n")
        with private_files.locked(folder / "x"):
            pass
    finally:
        os.umask(before)

    assert (mode(folder), mode(folder / "x")) == (0o700, 0o600)
    assert mode(folder / "x.lock") == 0o600
    assert private_files.read(folder / "x") == "text\nwith lines\n"


def test_write_that_fails_leaves_what_was_there_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private_files.write(folder / "x", "first")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CommandFailed, match="No space left"):
        private_files.write(folder / "x", "second")

    assert [path.name for path in folder.iterdir()] == ["x"]
    assert private_files.read(folder / "x") == "first"


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(CommandFailed, match="cannot be written"):
        private_files.write(tmp_path / "file" / "x", "")
    with (
        pytest.raises(CommandFailed, match="cannot be written"),
        private_files.locked(tmp_path / "file" / "x"),
    ):
        pass


HOLD = """\
import sys
from pathlib import Path
from gatehouse_client import private_files

with private_files.locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_lock_keeps_other_processes_out_until_its_holder_dies(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private_files, "TIMEOUT", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / "x.json")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with (
            pytest.raises(CommandFailed, match="Another gatehouse holds"),
            private_files.locked(folder / "x.json"),
        ):
            pass

        other.kill()
        other.wait()
        with private_files.locked(folder / "x.json"):
            pass
