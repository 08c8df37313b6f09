"""Files for their owner alone: refused when they are not, written whole, locked between processes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gatehouse_client import private
from gatehouse_client.errors import Failed
from tests.processes import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "gatehouse"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o610, 0o666])
def test_file_that_others_have_any_right_to_is_refused(folder: Path, bits: int) -> None:
    private.write(folder / "x", "secret")
    (folder / "x").chmod(bits)

    with pytest.raises(Failed, match="Others on this machine") as caught:
        private.read(folder / "x")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("bits", [0o750, 0o705, 0o770, 0o777])
def test_folder_that_others_have_any_right_to_is_refused(folder: Path, bits: int) -> None:
    private.write(folder / "x", "first")
    folder.chmod(bits)

    with pytest.raises(Failed, match="chmod 700"):
        private.read(folder / "x")
    with pytest.raises(Failed, match="chmod 700"):
        private.write(folder / "x", "second")
    with pytest.raises(Failed, match="chmod 700"), private.locked(folder / "x"):
        pass

    assert (folder / "x").read_text() == "first"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_file_of_somebody_else_is_refused(folder: Path) -> None:
    private.write(folder / "x", "planted")
    os.chown(folder / "x", 12345, -1)

    with pytest.raises(Failed, match="not yours"):
        private.read(folder / "x")


def test_link_to_another_file_is_refused(folder: Path, tmp_path: Path) -> None:
    private.write(tmp_path / "own" / "elsewhere", "secret")
    private.write(folder / "y", "")
    (folder / "x").symlink_to(tmp_path / "own" / "elsewhere")

    with pytest.raises(Failed, match="cannot be read"):
        private.read(folder / "x")


def test_link_is_replaced_and_not_followed(folder: Path, tmp_path: Path) -> None:
    private.write(tmp_path / "own" / "elsewhere", "untouched")
    private.write(folder / "y", "")
    (folder / "x").symlink_to(tmp_path / "own" / "elsewhere")

    private.write(folder / "x", "new")

    assert (tmp_path / "own" / "elsewhere").read_text() == "untouched"
    assert private.read(folder / "x") == "new"


def test_file_that_is_no_text_is_refused(folder: Path) -> None:
    private.write(folder / "x", "")
    (folder / "x").write_bytes(b"\xff\xfe")

    with pytest.raises(Failed, match="damaged"):
        private.read(folder / "x")


def test_no_file_is_none(folder: Path) -> None:
    assert private.read(folder / "x") is None


def test_file_is_its_owners_alone_whatever_the_umask(folder: Path) -> None:
    before = os.umask(0)
    try:
        private.write(folder / "x", "text\nwith lines\n")
        with private.locked(folder / "x"):
            pass
    finally:
        os.umask(before)

    assert (mode(folder), mode(folder / "x")) == (0o700, 0o600)
    assert mode(folder / "x.lock") == 0o600
    assert private.read(folder / "x") == "text\nwith lines\n"


def test_write_that_fails_leaves_what_was_there_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    private.write(folder / "x", "first")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Failed, match="No space left"):
        private.write(folder / "x", "second")

    assert [path.name for path in folder.iterdir()] == ["x"]
    assert private.read(folder / "x") == "first"


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Failed, match="cannot be written"):
        private.write(tmp_path / "file" / "x", "")
    with pytest.raises(Failed, match="cannot be written"), private.locked(tmp_path / "file" / "x"):
        pass


HOLD = """\
import sys
from pathlib import Path
from gatehouse_client import private

with private.locked(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_lock_keeps_other_processes_out_until_its_holder_dies(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(private, "PATIENCE", 0.2)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder / "x.json")],
        env={**os.environ, "PYTHONPATH": str(ROOT / "client")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(Failed, match="does not let go"), private.locked(folder / "x.json"):
            pass

        other.kill()
        other.wait()
        with private.locked(folder / "x.json"):
            pass
