"""A file of people that is not as it must be is refused in words, all of them at once and with their place."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from demo.identity.people_file import InvalidPeople
from demo.identity.users import load_users
from demo.launcher.folder import CHECKOUT, DemoFolder
from demo.management.commands import demo

BAD = """
[[person]]
username = "alice"
groups = "payments"
sub = "1"

[[person]]
user = "bob"
sub = "1"

[[person]]
username = "carol"
disabled = "no"
"""


def complaints(tmp_path: Path, text: bytes) -> list[str]:
    path = tmp_path / "people.toml"
    path.write_bytes(text)
    with pytest.raises(InvalidPeople) as refused:
        load_users(path)
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    assert complaints(tmp_path, BAD.encode()) == [
        "person 1 (alice): groups: Write a list of texts.",
        "person 2 (without username): username is missing.",
        "person 2 (without username): user: Unknown key; there are "
        "username, name, email, sub, about, acr, groups, amr, disabled, claims.",
        "person 3 (carol): disabled: Write true or false.",
        "sub 1: Two have it.",
    ]


def test_file_is_refused_with_its_reason(tmp_path: Path) -> None:
    for text, complaint in (
        (b'[[perso]\nusername = "alice"', "This is not TOML: "),
        (b"\xff\xfe", "This is not UTF-8"),
        (b"", "There is nobody"),
        (b"person = []", "There is nobody"),
        (b"person = [5]", "person 1: This is no table."),
        (b'[[person]]\nusername = ""', "person 1 (): username: Write text."),
        (
            b'[[person]]\nusername = "a"\ngroups = [1]',
            "person 1 (a): groups: Write a list of texts.",
        ),
        (b'[[person]]\nusername = "a"\n[[people]]', "people: Unknown."),
    ):
        (line,) = complaints(tmp_path, text)
        assert line.startswith(complaint)


def test_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidPeople, match=r"people\.toml: This cannot be read: No such file"):
        load_users(tmp_path / "people.toml")


def test_people_without_more_than_a_name_are_people(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text('[[person]]\nusername = "dora"\ngroups = ["payments"]\n')

    (dora,) = load_users(path)
    assert (dora.username, dora.groups) == ("dora", ("payments",))


def test_provider_ends_with_the_complaints_and_no_traceback(tmp_path: Path) -> None:
    path = tmp_path / "people.toml"
    path.write_text(BAD)

    done = subprocess.run(
        [sys.executable, "-m", "demo.identity", "--port", "0", "--people", path],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"], "OIDC_RP_CLIENT_SECRET": "s3cret"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "groups: Write a list of texts." in done.stderr
    assert "Traceback" not in done.stderr


def test_demo_says_so_before_it_starts_anything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.toml"
    path.write_text(BAD)
    monkeypatch.setattr(demo, "PEOPLE", path)
    monkeypatch.setattr(demo, "FOLDER", DemoFolder(tmp_path / "data"))

    with pytest.raises(CommandError, match="person 1 \\(alice\\): groups"):
        call_command(demo.Command(), port=0)

    assert not list((tmp_path / "data").glob("*.log"))
