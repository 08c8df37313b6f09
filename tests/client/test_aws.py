"""AWS's own tools with the profiles that `gatehouse config` prints, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError

from tests import real_parts
from tests.client.machine import Machine
from tests.portal.running import Portal, browser

pytestmark = pytest.mark.wire

PROFILE = "payments-dev_Developer"
ROLE = "arn:aws:sts::210987654321:assumed-role/Developer/alice@northwind.example-"


@pytest.fixture
def config(alice: Machine) -> Path:
    """A config file with a profile of each role."""
    done = alice.run("config")
    assert done.returncode == 0, done.stderr
    path = alice.home / "config"
    path.write_text(done.stdout)
    return path


def caller_identity(machine: Machine, config: Path, cloud_url: str) -> tuple[int, str, str]:
    """Run `aws sts get-caller-identity`; return exit code, output and errors."""
    cli = real_parts.aws_cli_path()
    done = machine.run_program(
        [
            *(str(cli), "sts", "get-caller-identity", "--profile", PROFILE),
            *("--endpoint-url", cloud_url, "--output", "json"),
        ],
        AWS_CONFIG_FILE=str(config),
        AWS_SHARED_CREDENTIALS_FILE=str(machine.home / "none"),
        AWS_EC2_METADATA_DISABLED="true",
    )
    return done.returncode, done.stdout, done.stderr


def test_aws_cli_of_nobody_signed_in_is_told_what_to_do(
    alice: Machine, config: Path, portal: Portal, cloud_url: str
) -> None:
    # Signed out: another folder, without a sign-in.
    alice = replace(alice, variables={"GATEHOUSE_HOME": str(alice.home / "none")})

    code, out, err = caller_identity(alice, config, cloud_url)

    assert code != 0
    assert out == ""
    assert f"gatehouse login {portal.url}" in err


def test_aws_cli_is_fed_by_credential_process(alice: Machine, config: Path, cloud_url: str) -> None:
    code, out, err = caller_identity(alice, config, cloud_url)

    assert code == 0, err
    assert json.loads(out)["Arn"].startswith(ROLE)


def test_aws_cli_runs_within_exec(alice: Machine, cloud_url: str) -> None:
    cli = real_parts.aws_cli_path()

    done = alice.run(
        *("exec", "payments-dev", "Developer", "--", str(cli), "sts", "get-caller-identity"),
        *("--endpoint-url", cloud_url, "--output", "json"),
        AWS_PROFILE="of-another-account",
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"].startswith(ROLE)


@pytest.fixture
def _as_signed_in(alice: Machine, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let boto3 in this process see that machine and nothing else."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in alice.environment(AWS_CONFIG_FILE=str(config)).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_as_signed_in")
def test_boto3_is_fed_by_credential_process(cloud_url: str) -> None:
    session = boto3.Session(profile_name=PROFILE)

    arn = session.client("sts", endpoint_url=cloud_url).get_caller_identity()["Arn"]

    assert session.region_name == "eu-west-1"
    assert arn.startswith(ROLE)
    credentials = session.get_credentials()
    assert credentials is not None
    assert credentials.method == "custom-process"


@pytest.mark.usefixtures("_as_signed_in")
def test_boto3_repeats_what_went_wrong(alice: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_HOME", str(alice.home / "none"))

    with pytest.raises(CredentialRetrievalError, match="gatehouse login"):
        boto3.Session(profile_name=PROFILE).get_credentials()


def test_profiles_are_of_the_roles_that_give_keys(config: Path) -> None:
    text = config.read_text()

    assert text.startswith("[profile ")
    assert f"[profile {PROFILE}]\n" in text
    assert "aws_secret_access_key" not in text


def test_profile_of_one_role_is_printed_alone(alice: Machine, portal: Portal) -> None:
    done = alice.run("config", "payments-dev", "Developer")

    assert done.stdout == (
        f"[profile {PROFILE}]\n"
        "# kept by gatehouse config\n"
        f"credential_process = gatehouse credentials --portal {portal.url} 210987654321 Developer\n"
        "region = eu-west-1\n"
    )


@pytest.mark.parametrize("kind", ["sso", "process"])
def test_file_is_that_of_the_page_and_of_the_api_for_all_roles_and_for_found_ones(
    alice: Machine, portal: Portal, kind: str
) -> None:
    asked = ["--sso"] if kind == "sso" else []
    printed = alice.run("config", *asked)
    found = alice.run("config", *asked, "--search", "Payments development")
    token = alice.run("token").stdout.strip()

    with browser() as page, browser(Authorization=f"Bearer {token}") as program:
        page.get(f"{portal.url}/oidc/authenticate/?next=/")
        there = page.get(f"{portal.url}/cli")
        if "username" in there.text:
            page.post(there.url, data={"username": "alice"})
        whole = page.get(f"{portal.url}/cli/config", params={"kind": kind})
        some = page.get(
            f"{portal.url}/cli/config", params={"kind": kind, "q": "Payments development"}
        )
        answer = program.get(f"{portal.url}/api/v1/me/aws-config", params={"kind": kind})

    assert printed.stdout.count("[profile ") > found.stdout.count("[profile ") > 0
    assert (whole.text, some.text) == (printed.stdout, found.stdout)
    assert f"{answer.json()['text']}\n" == printed.stdout


def test_profiles_are_added_once_however_often_they_are_asked_for(
    alice: Machine, cloud_url: str
) -> None:
    config = alice.home / "config"
    # Somebody's own, without an end of the line.
    config.write_text("[profile payments-dev_ReadOnly]\nregion = us-east-1")
    add = ["sh", "-c", f"gatehouse config >> {config}"]

    first = alice.run_program(add, AWS_CONFIG_FILE=str(config))
    once = config.read_text()
    again = alice.run_program(add, AWS_CONFIG_FILE=str(config))

    assert (first.returncode, again.returncode) == (0, 0)
    assert config.read_text() == once
    assert once.startswith("[profile payments-dev_ReadOnly]\nregion = us-east-1\n[profile ")
    assert once.count("[profile payments-dev_ReadOnly]") == 1
    assert "1 of " in first.stderr
    assert "exist already" in again.stderr
    assert caller_identity(alice, config, cloud_url)[0] == 0


def test_profiles_are_written_as_often_as_one_likes(alice: Machine, cloud_url: str) -> None:
    config = alice.home / "written"

    first = alice.run("config", "--write", AWS_CONFIG_FILE=str(config))
    once = config.read_text()
    again = alice.run("config", "--write", AWS_CONFIG_FILE=str(config))

    assert (first.returncode, again.returncode, first.stdout) == (0, 0, ""), first.stderr
    assert config.read_text() == once
    assert caller_identity(alice, config, cloud_url)[0] == 0

    config.write_text(once.replace("210987654321 Developer", "999999999999 Developer"))
    elsewhere = alice.run("config", "--write", AWS_CONFIG_FILE=str(config))

    assert elsewhere.returncode == 1
    assert f"{PROFILE} is there already and stays as it is" in elsewhere.stderr
    assert "999999999999 Developer" in config.read_text()


def test_profile_is_shown_although_it_is_there_already(alice: Machine, config: Path) -> None:
    done = alice.run("config", "payments-dev", "Developer", AWS_CONFIG_FILE=str(config))

    assert done.stdout.startswith(f"[profile {PROFILE}]\n")


def test_profile_of_a_role_that_is_not_given_is_refused(alice: Machine) -> None:
    done = alice.run("config", "payments-prod", "Operator")

    assert (done.returncode, done.stdout) == (1, "")
    assert "You do not have this role" in done.stderr
