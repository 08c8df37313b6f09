"""Profiles in AWS's config file: written once, brought up to date, never pointed elsewhere."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError

from gatehouse_client import aws_config
from gatehouse_client.profiles import Profile

PORTAL = "https://aws.example.com"
DEV = Profile("payments-dev_Developer", PORTAL, "210987654321", "Developer", "eu-west-1")
PROD = Profile("payments-prod_ReadOnly", PORTAL, "123456789012", "ReadOnly")
OWN = "# mine\n[default]\nregion = us-east-1\n\n[sso-session corp]\nsso_region = eu-west-1"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """AWS's config file, not there yet."""
    path = tmp_path / "aws" / "config"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


def test_profile_that_points_elsewhere_stays_and_is_named(file: Path) -> None:
    for other in (
        Profile(DEV.name, PORTAL, "999999999999", "Developer").text,
        Profile(DEV.name, "https://other.example.com", DEV.account_id, DEV.role_name).text,
        f"[profile {DEV.name}]\nsso_session = corp",
        f'[profile "{DEV.name}"]\nregion = eu-west-1',
    ):
        file.parent.mkdir(exist_ok=True)
        file.write_text(other)

        written, warnings = aws_config.write([DEV, PROD])

        assert written == 1
        assert file.read_text() == f"{other}\n\n{PROD.text}\n"
        assert len(warnings) == 1
        assert f"{DEV.name} is there already and stays as it is" in warnings[0]


def test_writing_twice_changes_nothing_and_aws_reads_it(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(OWN)
    file.chmod(0o640)

    assert aws_config.write([DEV, PROD]) == (2, [])
    once = file.read_text()
    assert aws_config.write([DEV, PROD]) == (2, [])

    assert file.read_text() == once
    assert once == f"{OWN}\n\n{DEV.text}\n\n{PROD.text}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [*file.parent.iterdir()] == [file]
    assert load_config(str(file))["profiles"][DEV.name]["region"] == "eu-west-1"


def test_what_was_pasted_twice_occurs_once_and_loses_no_line(file: Path) -> None:
    file.parent.mkdir()
    process = DEV.text.replace("= gatehouse", "= /opt/bin/gatehouse").replace("eu-west", "us-west")
    file.write_text(f"{process}\n\n{PROD.text}\n\n{DEV.text}\noutput = json")
    with pytest.raises(ConfigParseError):
        load_config(str(file))

    assert aws_config.write([DEV, PROD]) == (2, [])

    profile = load_config(str(file))["profiles"][DEV.name]
    assert profile["credential_process"].startswith("/opt/bin/gatehouse credentials ")
    assert (profile["region"], profile["output"]) == ("eu-west-1", "json")
    assert file.read_text().count("[profile ") == 2


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles"
    target.write_text(OWN)
    file.parent.mkdir()
    file.symlink_to(target)

    aws_config.write([DEV])

    assert file.is_symlink()
    assert DEV.text in target.read_text()
