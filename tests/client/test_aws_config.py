"""Profiles in AWS's config file: written once, brought up to date, never pointed elsewhere."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.configloader import load_config
from botocore.exceptions import ConfigParseError

from gatehouse_client import aws_config
from gatehouse_client.profiles import MARK, Profile, SsoSettings

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


SSO = SsoSettings("aws.example.com", f"{PORTAL}/start", "not-at-aws", "sso:account:access", PORTAL)
SHARED = f"""[sso-session aws.example.com]
sso_start_url = {PORTAL}/start
sso_region = not-at-aws
sso_registration_scopes = sso:account:access

[services aws.example.com]
sso =
  endpoint_url = {PORTAL}
sso_oidc =
  endpoint_url = {PORTAL}"""


def of_sso(profile: Profile) -> Profile:
    return replace(profile, section=SSO.section, sso=True)


def of_process(profile: Profile) -> Profile:
    return replace(profile, section=SSO.section)


def roles(*profiles: Profile) -> set[tuple[str, str]]:
    return {profile.role for profile in profiles}


def test_profiles_for_sso_come_with_what_they_share_and_writing_twice_changes_nothing(
    file: Path,
) -> None:
    file.parent.mkdir()
    file.write_text(OWN)
    wanted = [of_sso(DEV), of_sso(PROD)]

    assert aws_config.write(wanted, SSO) == (2, [])
    once = file.read_text()
    assert aws_config.write(wanted, SSO) == (2, [])

    assert file.read_text() == once
    assert once == f"{OWN}\n\n{SHARED}\n\n{wanted[0].text}\n\n{wanted[1].text}\n"
    read = load_config(str(file))
    assert read["services"]["aws.example.com"]["sso_oidc"] == {"endpoint_url": PORTAL}
    assert read["profiles"][DEV.name]["services"] == "aws.example.com"


def test_one_kind_replaces_the_other_and_what_somebody_added_stays(file: Path) -> None:
    aws_config.write([of_process(DEV)])
    file.write_text(file.read_text() + "output = json\n")

    assert aws_config.write([of_sso(DEV)], SSO) == (1, [])
    profile = load_config(str(file))["profiles"][DEV.name]
    assert "credential_process" not in profile
    assert (profile["sso_role_name"], profile["output"]) == ("Developer", "json")

    assert aws_config.write([of_process(DEV)]) == (1, [])
    profile = load_config(str(file))["profiles"][DEV.name]
    assert {"sso_session", "services"}.isdisjoint(profile)
    assert profile["credential_process"].endswith(f"{PORTAL} 210987654321 Developer")
    assert profile["output"] == "json"


def test_other_name_replaces_what_was_written_but_not_what_somebody_named(file: Path) -> None:
    aws_config.write([of_sso(DEV)], SSO)
    mine = of_sso(DEV).text.replace(DEV.name, "dev").replace(f"{MARK}\n", "")
    file.write_text(f"{file.read_text()}\n{mine}\n")

    renamed = replace(of_sso(DEV), name="Developer@payments-dev")
    assert aws_config.write([renamed], SSO) == (1, [])

    assert load_config(str(file))["profiles"].keys() == {"Developer@payments-dev", "dev"}


def test_name_of_a_program_is_never_given_to_another_role(file: Path) -> None:
    aws_config.write([of_sso(DEV)], SSO)
    taken = replace(of_sso(PROD), name=DEV.name)
    moved = replace(of_sso(DEV), name="payments-old_Developer")

    written, warnings = aws_config.write([taken, moved], SSO)

    assert (written, len(warnings)) == (1, 1)
    profiles = load_config(str(file))["profiles"]
    assert profiles[DEV.name]["sso_account_id"] == DEV.account_id


def test_role_that_is_lost_goes_and_one_that_was_not_searched_for_stays(file: Path) -> None:
    aws_config.write([of_sso(DEV), of_sso(PROD)], SSO)

    aws_config.write([of_sso(DEV)], SSO, owned=roles(DEV, PROD))
    assert PROD.text.splitlines()[0] in file.read_text()
    aws_config.write([of_sso(DEV)], SSO, owned=None)
    assert PROD.text.splitlines()[0] in file.read_text()

    assert aws_config.write([of_sso(DEV)], SSO, owned=roles(DEV)) == (1, [])
    assert load_config(str(file))["profiles"].keys() == {DEV.name}


def test_lost_role_with_settings_of_somebodys_own_stays_and_is_named(file: Path) -> None:
    aws_config.write([of_sso(DEV), of_sso(PROD)], SSO)
    file.write_text(f"{file.read_text()}cli_pager =\n")

    _, warnings = aws_config.write([of_sso(DEV)], SSO, owned=roles(DEV))

    assert PROD.name in warnings[0]
    assert PROD.name in load_config(str(file))["profiles"]


def test_shared_sections_are_brought_up_to_date_and_keep_what_is_not_the_portals(
    file: Path,
) -> None:
    file.parent.mkdir()
    file.write_text(
        f"{SHARED.replace(f'{PORTAL}/start', 'https://old.example')}\n"
        "s3 =\n  endpoint_url = https://s3.example\n\n[default]\nregion = us-east-1\n"
    )

    assert aws_config.write([of_sso(DEV)], SSO, default=True) == (1, [])

    read = load_config(str(file))
    assert read["sso_sessions"]["aws.example.com"]["sso_start_url"] == f"{PORTAL}/start"
    assert read["services"]["aws.example.com"].keys() == {"sso", "sso_oidc", "s3"}
    assert read["profiles"]["default"] == {"region": "us-east-1", "services": "aws.example.com"}


def test_services_that_default_names_already_stay(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[default]\nservices = mine\n")

    written, warnings = aws_config.write([of_sso(DEV)], SSO, default=True)

    assert (written, len(warnings)) == (1, 1)
    assert load_config(str(file))["profiles"]["default"]["services"] == "mine"
