"""Profiles without keys, read by AWS's own parser."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.configloader import load_config
from botocore.exceptions import SSOTokenLoadError
from django.conf import settings as django_settings
from pytest_django import Settings

from accounts.types import OfferedRole
from gatehouse_client import profiles
from portal.pages.cli_profiles import cli_profiles
from portal.pages.key_formats import Format, formats
from tests.portal.pages.issued import issued

ROLE = issued().entitlement.role
# Ask AWS who one is, where no name is resolved; print which hosts were looked for.
ASK_NOWHERE = """\
import socket, sys, boto3
from botocore.exceptions import EndpointConnectionError
hosts = set()
def nowhere(host, *_, **__):
    hosts.add(host)
    raise socket.gaierror
socket.getaddrinfo = nowhere
session = boto3.Session(profile_name=sys.argv[1], region_name="eu-west-1")
try:
    session.client("sts").get_caller_identity()
except EndpointConnectionError:
    print(*sorted(hosts))
"""


@pytest.fixture
def wire(settings: Settings) -> None:
    """A portal at an address of its own."""
    settings.BASE_URL = "https://aws.northwind.example"
    settings.SECURE = True


@pytest.fixture
def command(settings: Settings) -> None:
    """A portal with a sign-in for the command line."""
    settings.BASE_URL = "https://aws.northwind.example"
    settings.API_CLIENT_ID = "gatehouse-cli"


def form(slug: str, role: OfferedRole = ROLE, profile: str = "payments") -> Format:
    return next(form for form in cli_profiles(role, profile=profile) if form.slug == slug)


def text(profile: str = "payments", slug: str = "sso") -> str:
    return "\n\n".join(block.text for block in form(slug, profile=profile).blocks[:2])


def test_the_command_is_not_offered_where_nobody_can_sign_in_with_it() -> None:
    assert [form.slug for form in cli_profiles(ROLE, profile="payments")] == ["sso"]


@pytest.mark.usefixtures("command")
def test_process_is_what_the_aws_cli_runs_byte_for_byte() -> None:
    assert (
        text(slug="process")
        == """gatehouse login https://aws.northwind.example

[profile payments]
credential_process = gatehouse credentials --portal https://aws.northwind.example 123456789012 AdministratorAccess"""
    )


@pytest.mark.usefixtures("command")
def test_process_is_what_the_command_itself_prints(settings: Settings) -> None:
    role = replace(ROLE, region="eu-west-1")

    written = form("process", role, profile="payments-prod_AdministratorAccess")

    name = "payments-prod_AdministratorAccess"
    answered = {
        "profile_name": name,
        **{key: getattr(role, key) for key in ("account_id", "role_name", "region")},
    }
    [printed] = profiles.profiles_of(settings.BASE_URL, [answered])
    assert written.blocks[1].text == printed.text.replace(f"{profiles.MARK}\n", "")


@pytest.mark.usefixtures("command", "wire")
def test_every_format_has_its_rule_in_the_stylesheet() -> None:
    css = (Path(django_settings.BASE_DIR) / "portal/static/portal/portal.css").read_text()

    keys = issued()
    found = [*formats(keys, profile="payments"), *cli_profiles(ROLE, profile="payments")]

    assert {"process", "sso", "posix"} <= {form.slug for form in found}
    for form in found:
        assert f"#tab-{form.slug}:checked) #{form.slug}" in css


@pytest.mark.usefixtures("wire")
def test_blocks_are_what_the_aws_cli_reads_byte_for_byte() -> None:
    assert (
        text()
        == """[sso-session aws.northwind.example]
sso_start_url = https://aws.northwind.example/start
sso_region = not-at-aws
sso_registration_scopes = sso:account:access

[services aws.northwind.example]
sso =
  endpoint_url = https://aws.northwind.example
sso_oidc =
  endpoint_url = https://aws.northwind.example

[profile payments]
sso_session = aws.northwind.example
sso_account_id = 123456789012
sso_role_name = AdministratorAccess
services = aws.northwind.example"""
    )


@pytest.mark.usefixtures("wire")
def test_portal_without_https_names_a_start_url_that_the_aws_cli_takes(settings: Settings) -> None:
    settings.BASE_URL, settings.SECURE = "http://localhost:8000", False

    assert "sso_start_url = https://identitycenter.amazonaws.com/ssoins-" in text()
    assert "endpoint_url = http://localhost:8000" in text()


@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("profile", ["payments", "a.b_c@d+e=f,g:h/i"])
def test_boto3_sends_who_uses_the_profile_to_the_portal(
    profile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(text(profile))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    session = boto3.Session(profile_name=profile)

    for service in ("sso", "sso-oidc"):
        client = session.client(service, region_name="us-east-1")
        assert client.meta.endpoint_url == "https://aws.northwind.example"
    assert session.client("sts").meta.endpoint_url != "https://aws.northwind.example"


@pytest.mark.usefixtures("wire")
def test_boto3_finds_account_and_role_and_asks_for_a_sign_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(text())
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)

    credentials = boto3.Session(profile_name="payments").get_credentials()

    assert credentials is not None
    assert credentials.method == "sso"
    with pytest.raises(SSOTokenLoadError, match=r"aws\.northwind\.example"):
        credentials.get_frozen_credentials()


@pytest.mark.usefixtures("command", "wire")
def test_two_portals_can_be_in_one_file(tmp_path: Path, settings: Settings) -> None:
    texts = [text("one"), text("two", "process").partition("\n\n")[2]]
    settings.BASE_URL = "https://aws.other.example:8443"
    texts.append(text("three"))
    (tmp_path / "config").write_text("\n\n".join(texts))

    read = load_config(str(tmp_path / "config"))

    assert read["profiles"].keys() == {"one", "two", "three"}
    for profile, section, url in (
        ("one", "aws.northwind.example", "https://aws.northwind.example"),
        ("three", "aws.other.example-8443", "https://aws.other.example:8443"),
    ):
        assert read["profiles"][profile]["sso_session"] == section
        assert read["sso_sessions"][section]["sso_start_url"] == f"{url}/start"
        assert read["services"][section]["sso_oidc"] == {"endpoint_url": url}


@pytest.mark.usefixtures("wire")
def test_program_that_ignores_the_endpoints_sends_no_token_to_aws(
    tmp_path: Path,
) -> None:
    """It asks for the host of a region that AWS does not have."""
    session = json.dumps(
        {"accessToken": "x", "expiresAt": "2999-01-01T00:00:00Z", "region": "not-at-aws"}
    )
    cache = tmp_path / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    for name in ("aws.northwind.example", "https://aws.northwind.example/start"):
        (cache / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(session)
    child = (
        "[profile child]\nrole_arn = arn:aws:iam::123456789012:role/X\nsource_profile = payments\n"
    )
    (tmp_path / "config").write_text(f"{text()}\n\n{child}")
    # Botocore's own switch for what other SDKs do by themselves; `child` has no `services`.
    for profile, ignore in (("payments", "true"), ("child", "false")):
        done = subprocess.run(
            [sys.executable, "-c", ASK_NOWHERE, profile],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "AWS_CONFIG_FILE": str(tmp_path / "config"),
                "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ignore,
                "AWS_MAX_ATTEMPTS": "1",
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )

        assert done.stdout == "portal.sso.not-at-aws.amazonaws.com\n", profile
